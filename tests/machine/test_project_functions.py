"""Functions of a project in this process: each with its own modules, path and environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from step.errors import NoCode
from step.machine.project_functions import PythonFunction
from step.projects.application import ProjectFunction


def function(folder: Path, text: str, handler: str = "app.handler", **more: object) -> PythonFunction:
    file = folder / (handler.partition(".")[0] + ".py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    code = ProjectFunction(
        key=folder.name,
        name=folder.name,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{folder.name}",
        handler=handler,
        folders=(folder,),
        **more,  # type: ignore[arg-type]  # as a test gives it
    )
    return PythonFunction(code)


def test_two_functions_may_have_modules_of_one_name(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "lib.py").write_text(f"NAME = {name!r}")
    text = "def handler(event, context):\n    import lib\n    return lib.NAME\n"
    first, second = function(tmp_path / "a", text), function(tmp_path / "b", text)

    assert [one({}, None) for one in (first, second, first)] == ["a", "b", "a"]
    assert not {"app", "lib"} & {*sys.modules}


def test_a_function_keeps_its_module_s_state(tmp_path: Path) -> None:
    one = function(
        tmp_path / "a", "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)"
    )

    assert [one({}, None), one({}, None)] == [1, 2]


def test_a_function_sees_its_environment_and_nobody_s_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody's")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    before, path = dict(os.environ), sys.path[:]
    text = """
import os
def handler(event, context):
    return [os.environ["TABLE"], os.environ["AWS_SECRET_ACCESS_KEY"]]
"""

    assert function(tmp_path / "a", text, environment={"TABLE": "t"})({}, None) == ["t", "none"]
    assert dict(os.environ) == before
    assert sys.path == path


def test_a_handler_may_lie_in_a_package(tmp_path: Path) -> None:
    text = "def main(event, context):\n    return __name__"

    assert function(tmp_path / "a", text, handler="src/handlers/app.main")({}, None) == "src.handlers.app"


def test_a_module_that_a_test_has_imported_is_the_function_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = function(
        tmp_path / "a", "RATE = 1\ndef handler(event, context):\n    return RATE", "rates_of_a.handler"
    )
    monkeypatch.syspath_prepend(tmp_path / "a")
    module = __import__("rates_of_a")
    monkeypatch.setattr(module, "RATE", 2)
    try:
        assert one({}, None) == 2
        assert sys.modules["rates_of_a"] is module
    finally:
        del sys.modules["rates_of_a"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def other(): ...", "has no attribute 'handler'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_code_that_can_t_be_imported_is_told(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(NoCode, match=r"app\.handler can't be imported") as refused:
        function(tmp_path / "a", text)({}, None)

    assert told in str(refused.value)


def test_a_call_of_aws_that_reaches_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    text = "import boto3\ndef handler(event, context):\n    return boto3.client('sqs').list_queues()"

    with pytest.raises(NoCode, match="a calls AWS, which isn't here"):
        function(tmp_path / "a", text)({}, None)


def test_inline_code_runs_from_a_file_of_its_own() -> None:
    code = ProjectFunction(
        key="F",
        name="f",
        arn="f",
        handler="index.handler",
        inline="def handler(event, context): return __file__",
    )

    assert str(PythonFunction(code)({}, None)).endswith("index.py")
