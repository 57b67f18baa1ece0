"""Whatever lies in a project's files: a sentence about it, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step.cli.main import main

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
_NAMES = ["Sub", "Join", "GetAtt", "If", "Select", "Split", "FindInMap", "Transform", "ImportValue", "Cidr"]
_FUNCTION = st.sampled_from(["Ref", "Condition", *(f"Fn::{name}" for name in _NAMES)])
_WORDS = st.sampled_from(
    ["M", "F", "P", "C", "${M}", "${F.Arn}", "M.Arn", "AWS::Region", "AWS::NoValue", "states.json"]
)
# Values as templates have them: words that mean something where they shouldn't, functions of anything.
_VALUE = st.recursive(
    _WORDS | _JSON,
    lambda inner: (
        st.builds(lambda name, value: {name: value}, _FUNCTION, inner) | st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)
_ASL = st.fixed_dictionaries(
    {"StartAt": st.just("A")},
    optional={
        "States": st.dictionaries(
            st.sampled_from(["A", "B"]),
            st.fixed_dictionaries(
                {"Type": st.sampled_from(["Pass", "Task", "Map", "Choice"])}, optional={"Next": _VALUE}
            )
            | _VALUE,
        )
    },
)
_RESOURCE = st.fixed_dictionaries(
    {"Type": st.sampled_from(["AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine"])},
    optional={
        "Condition": _VALUE,
        "Metadata": _VALUE,
        "Properties": st.fixed_dictionaries(
            {},
            optional={
                "Definition": _VALUE | _ASL,
                "DefinitionString": _VALUE | _ASL.map(json.dumps),
                "DefinitionUri": _VALUE,
                "DefinitionSubstitutions": _VALUE,
                "Name": _VALUE,
                "Type": _VALUE,
            },
        )
        | _VALUE,
    },
)
_OTHER = st.fixed_dictionaries(
    {
        "Type": st.sampled_from(
            ["AWS::Serverless::Function", "AWS::Serverless::Application", "AWS::SQS::Queue"]
        )
        | _VALUE
    },
    optional={
        "Properties": st.dictionaries(
            st.sampled_from(["CodeUri", "Runtime", "Layers", "Location", "Environment"]), _VALUE
        )
        | _VALUE
    },
)
_TEMPLATE = st.fixed_dictionaries(
    {
        "Resources": st.dictionaries(st.sampled_from(["M", "N"]), _RESOURCE, min_size=1).flatmap(
            lambda machines: st.dictionaries(st.sampled_from(["F", "G"]), _OTHER).map(
                lambda other: {**machines, **other}
            )
        )
        | _VALUE
    },
    optional={
        name: st.dictionaries(st.sampled_from(["P", "C"]), _VALUE) | _VALUE
        for name in ("Parameters", "Conditions", "Mappings", "Globals", "Outputs")
    },
)


def _check(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """See that the commands have something to say of a file, and nothing but that."""
    for words in (["lint", str(file)], ["run", str(file), "--mock-all", "--quiet"]):
        assert main(words) in (0, 1, 2)
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out


_SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_SETTINGS
@given(value=_JSON | _TEMPLATE | _ASL)
@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_any_json_is_a_sentence(
    suffix: str, value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"template{suffix}"
    file.write_text(json.dumps(value), encoding="utf-8")

    _check(file, capsys)


@_SETTINGS
@given(value=_TEMPLATE)
def test_any_template_is_a_sentence(value: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(value), encoding="utf-8")

    _check(file, capsys)


_HCL = ["resource", '"aws_sfn_state_machine"', '"m"', "{", "}", "\n", "definition", " = ", "jsonencode(", ")"]
_HCL += [
    "EOF\n",
    "${",
    "local.a",
    "var.b",
    "locals",
    "[",
    "]",
    ",",
    '"',
    "for x in",
    ":",
    "if",
    "?",
    "null",
    "1",
]
_HCL += [
    "templatefile(",
    'file("main.tf")',
    "%{ if",
    "endif }",
    "...",
    "-",
    "!",
    "==",
    "module",
    "source",
    "=>",
]
_HCL += ["<<EOF\n", ".", "é", "\x00"]
_MACHINE = 'resource "aws_sfn_state_machine" "m" {\n  definition = '


@_SETTINGS
@given(pieces=st.lists(st.sampled_from(_HCL), max_size=25), is_value=st.booleans())
def test_any_terraform_is_a_sentence(
    pieces: list[str], is_value: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(pieces)
    (tmp_path / "main.tf").write_text(f"{_MACHINE}{text}\n}}\n" if is_value else text, encoding="utf-8")

    _check(tmp_path, capsys)


_PIECES = [
    "a",
    ":",
    " ",
    "\n",
    "  ",
    "- ",
    "!Sub ",
    "!Ref",
    "&x ",
    "*x",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "|",
    ">",
    "#",
]
_PIECES += [
    "Resources:",
    "States:",
    "StartAt: ",
    "\t",
    "---",
    "?",
    "<<",
    "\x00",
    "\ud800",
    "%",
    "!!int ",
    "0x",
    "é",
]


@_SETTINGS
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=40) | st.binary(max_size=60))
def test_any_text_is_a_sentence(pieces: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "template.yaml"
    file.write_bytes(
        pieces if isinstance(pieces, bytes) else "".join(pieces).encode("utf-8", "surrogatepass")
    )

    _check(file, capsys)
