"""Machines and functions of templates, wherever the definition stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import DefinitionError, StateMachine, StepError
from step.projects.application import Application
from step.projects.project import find_projects, open_project

ASL = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Value}", "End": True}}}
FUNCTION = "def handler(event, context):\n    return [event, __name__]\n"


def project(folder: Path, template: str, **files: str) -> Application:
    (folder / "template.yaml").write_text(template)
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return open_project(folder / "template.yaml")


def machine(properties: str, type: str = "AWS::Serverless::StateMachine") -> str:
    indented = "".join(f"      {line}\n" for line in properties.splitlines())
    return f"Resources:\n  M:\n    Type: {type}\n    Properties:\n{indented}"


@pytest.mark.parametrize(
    "properties",
    [
        "DefinitionUri: a.json\nDefinitionSubstitutions: {Value: filled}",
        "DefinitionUri: {Bucket: b, Key: a.json}\nDefinitionSubstitutions: {Value: filled}",
        f"Definition: {json.dumps(ASL)}\nDefinitionSubstitutions: {{Value: filled}}",
        f"DefinitionString: '{json.dumps(ASL)}'\nDefinitionSubstitutions: {{Value: filled}}",
        "DefinitionString: !Sub\n  - '" + json.dumps(ASL) + "'\n  - {Value: filled}",
        "DefinitionString: !Join\n  - filled\n  - - '"
        + "'\n    - '".join(json.dumps(ASL).split("${Value}"))
        + "'",
        "Definition:\n  'Fn::Transform': {Name: AWS::Include, Parameters: {Location: a.json}}\n"
        "DefinitionSubstitutions: {Value: filled}",
    ],
)
def test_a_definition_is_read_wherever_it_stands(properties: str, tmp_path: Path) -> None:
    for type in ("AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine"):
        found = project(tmp_path, machine(properties, type), a_json=json.dumps(ASL)).machine("M")

        document: Any = found.source.value
        assert document["States"]["A"]["Result"] == "filled"


ASL_LINES = """
  {"StartAt": "A",
   "States": {"A": {"Type": "Pass",
   "Next": "B"}}}"""


@pytest.mark.parametrize(
    ("properties", "line"),
    [
        ("Definition:\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n      Next: B", 10),
        (f"DefinitionString: |{ASL_LINES}", 8),
        (f"DefinitionString: !Sub |{ASL_LINES}", 8),
        ('DefinitionString: |\n  {"StartAt": "A",\n   oops}', 7),
    ],
)
def test_a_problem_has_its_line_in_the_template(properties: str, line: int, tmp_path: Path) -> None:
    project(tmp_path, machine(properties))

    with pytest.raises(DefinitionError) as refused:
        StateMachine.from_file(tmp_path / "template.yaml")

    assert refused.value.file == str(tmp_path / "template.yaml")
    assert line in [one.line for one in refused.value.diagnostics]


def test_a_definition_that_isn_t_here_is_named(tmp_path: Path) -> None:
    project(tmp_path, machine("DefinitionUri: s3://bucket/key"))

    with pytest.raises(DefinitionError, match="its definition isn't on this machine: s3://bucket/key"):
        StateMachine.from_file(tmp_path / "template.yaml")


def test_a_packaged_template_is_read_beside_the_one_it_was_made_of(tmp_path: Path) -> None:
    project(
        tmp_path,
        machine("DefinitionUri: a.json\nDefinitionSubstitutions: {Value: filled}"),
        a_json=json.dumps(ASL),
    )
    (tmp_path / "packaged.yaml").write_text(machine("DefinitionUri: s3://bucket/key"))

    assert StateMachine.from_file(tmp_path / "packaged.yaml").execute().output == "${Value}"


MANY = """
Parameters: {Is: {Type: String, Default: "no"}}
Conditions: {Wanted: !Equals [!Ref Is, "yes"]}
Resources:
  First: {Type: AWS::Serverless::StateMachine, Properties: {Name: first-one, Definition: {}}}
  Second1A2B3C4D: {Type: AWS::StepFunctions::StateMachine, Properties: {DefinitionString: "{}"}}
  Third: {Type: AWS::Serverless::StateMachine, Condition: Wanted, Properties: {Definition: {}}}
"""


@pytest.mark.parametrize(
    ("name", "key"), [("First", "First"), ("first-one", "First"), ("Second", "Second1A2B3C4D")]
)
def test_a_machine_is_found_by_its_names(name: str, key: str, tmp_path: Path) -> None:
    assert project(tmp_path, MANY).machine(name).key == key


def test_a_machine_that_isn_t_there_is_told_from_those_that_are(tmp_path: Path) -> None:
    application = project(tmp_path, MANY)

    with pytest.raises(StepError, match=r"no machine 'Frist' \(did you mean First\?\)"):
        application.machine("Frist")
    with pytest.raises(StepError, match=r"2 machines; name one: .*#First, .*#Second1A2B3C4D"):
        application.machine()
    assert len(open_project(tmp_path, {"Is": "yes"}).machines) == 3


FUNCTIONS = """
Globals: {Function: {Runtime: python3.11, Handler: app.handler, Environment: {Variables: {A: "1", B: "1"}}}}
Resources:
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: shared}}
  Folder:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: folder, Layers: [!Ref Shared], Environment: {Variables: {B: 2}}}
  File: {Type: AWS::Serverless::Function, Properties: {CodeUri: folder/app.py}}
  Inline:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.12, Handler: index.handler, Code: {ZipFile: "x = 1"}}
  Node: {Type: AWS::Serverless::Function, Properties: {CodeUri: folder, Runtime: nodejs20.x}}
  Image: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}
  Away: {Type: AWS::Serverless::Function, Properties: {CodeUri: s3://bucket/key}}
"""


def test_functions_are_found_with_their_code_and_environment(tmp_path: Path) -> None:
    files = {"folder__app_py": FUNCTION, "shared__python__lib_py": ""}
    found = {code.key: code for code in project(tmp_path, FUNCTIONS, **files).functions}

    assert found["Folder"].folders == (
        tmp_path / "folder",
        tmp_path / "shared" / "python",
        tmp_path / "shared",
    )
    assert found["Folder"].environment == {"A": "1", "B": "2"}
    assert found["Folder"].handler == "app.handler"
    assert found["File"].folders == (tmp_path / "folder",)
    assert found["Inline"].inline == "x = 1"
    assert {key: code.missing for key, code in found.items() if code.missing} == {
        "Node": "it runs on nodejs20.x",
        "Image": "its code is a container image",
        "Away": "its code isn't on this machine: s3://bucket/key",
    }


def test_nested_stacks_bring_their_machines_and_outputs(tmp_path: Path) -> None:
    inner = """
Parameters: {Stage: {Type: String}}
Resources: {F: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Sub "f-${Stage}"}},
            N: {Type: AWS::Serverless::StateMachine, Properties: {Definition: {}}}}
Outputs: {Arn: {Value: !GetAtt F.Arn}}
"""
    outer = """
Resources:
  Inner: {Type: AWS::Serverless::Application, Properties: {Location: inner.yaml, Parameters: {Stage: x}}}
  Away: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: "https://example.com/t.yaml"}}
  M:
    Type: AWS::Serverless::StateMachine
    Properties: {Definition: {At: !GetAtt Inner.Outputs.Arn}}
"""
    (tmp_path / "inner.yaml").write_text(inner)
    application = project(tmp_path, outer)

    assert [one.key for one in application.machines] == ["Inner/N", "M"]
    assert application.machine("M").source.value == {
        "At": "arn:aws:lambda:us-east-1:123456789012:function:f-x"
    }
    assert application.notes == ("Away: the nested stack isn't on this machine: https://example.com/t.yaml",)


def test_a_template_of_another_name_is_found_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "infrastructure.yaml").write_text(machine("Definition: {}"))
    (tmp_path / "other.yaml").write_text("a: 1")

    assert open_project(tmp_path).machine().key == "M"


def test_every_project_and_definition_below_a_folder_is_found(tmp_path: Path) -> None:
    for name in ("a/b/template.yaml", "c/stack.template", "node_modules/d/template.yaml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(machine("Definition: {}"))
    (tmp_path / "c" / "e.asl.json").write_text("{}")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "g.asl.yaml").write_text("")

    found = [path.relative_to(tmp_path).as_posix() for path in find_projects(tmp_path)]

    assert found == ["a/b", "c", "f/g.asl.yaml"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(StepError, match="no definition and no project in it"):
        list(find_projects(tmp_path / "empty"))
