"""Machines and functions of Terraform's files, and what its expressions come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine, StepError
from step.projects.application import Application
from step.projects.project import open_project

ASL = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "%s", "End": true}}}'
MACHINE = """
resource "aws_sfn_state_machine" "m" {{
  name       = "machine"
  definition = {}
}}
"""


def project(folder: Path, text: str, **files: str) -> Application:
    (folder / "main.tf").write_text(text)
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_tf", ".tf").replace("_json", ".json").replace(
            "_py", ".py"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return open_project(folder)


def value_of(folder: Path, expression: str, more: str = "") -> Any:
    """Work an expression out, as a machine's definition."""
    found = project(folder, MACHINE.format(f"jsonencode({{ value = {expression} }})") + more)
    document: Any = found.machine().source.value
    return document["value"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("-var.size", -2),
        ('"${var.size}"', 2),
        ('"a-${var.size}-$${kept}"', "a-2-${kept}"),
        (r'"\u00e9\n\"\\"', 'é\n"\\'),
        ('var.size > 1 && !false ? "big" : "small"', "big"),
        ('[for s in var.names : upper(s) if s != "b"]', ["A", "C"]),
        ("{ for i, s in var.names : s => i }", {"a": 0, "b": 1, "c": 2}),
        ("var.names[1]", "b"),
        ('local.map.inner["key"]', "held"),
        ("local.list[*].id", ["x", "y"]),
        ('{ (local.map.name) = 1, "b${var.size}" = 2, c : 3 }', {"named": 1, "b2": 2, "c": 3}),
        ('join(",", concat(["a"], var.names))', "a,a,b,c"),
        ('format("%s-%03d%%", "a", 7)', "a-007%"),
        ('replace("a.b", ".", "-")', "a-b"),
        ('replace("a1b", "/[0-9]/", "")', "ab"),
        ("merge({ a = 1 }, { b = 2 })", {"a": 1, "b": 2}),
        ('lookup({ a = 1 }, "b", 3)', 3),
        ('try(local.nothing.here, "other")', "other"),
        ('coalesce("", "x")', "x"),
        ("element([1, 2], 3)", 2),
        ("flatten([[1], [[2]]])", [1, 2]),
        ("min([3, 1]...)", 1),
        ("tostring(true)", "true"),
        ('jsondecode("[1]")', [1]),
        ('yamldecode("a: yes")', {"a": True}),
        (
            '"%{ if var.size > 1 }many%{ else }one%{ endif }%{ for s in var.names }<${s}>%{ endfor }"',
            "many<a><b><c>",
        ),
        ("data.aws_caller_identity.current.account_id", "123456789012"),
        ("data.aws_region.current.name", "us-east-1"),
        ("aws_sqs_queue.q.arn", "arn:aws:sqs:us-east-1:123456789012:queue-2"),
        ("aws_sqs_queue.q.url", "https://sqs.us-east-1.amazonaws.com/123456789012/queue-2"),
        ('aws_lambda_function.each["a"].function_name', "f-a"),
        (
            "[for f in aws_lambda_function.each : f.arn][1]",
            "arn:aws:lambda:us-east-1:123456789012:function:f-b",
        ),
        ("aws_iam_role.r[0].arn", "arn:aws:iam::123456789012:role/role-0"),
        ("aws_vpc.main.id", "${aws_vpc.main.id}"),
        ("module.elsewhere.output", "${module.elsewhere.output}"),
        ("local.round", "${local.round}"),
        ('"a" * 1000000000', "${a *}"),
        ("length(range(0, 1000000000000))", 1024),
        ('replace("a", "/[s-e]/", "b")', "${replace(...)}"),
        ("nosuchfunction(1)", "${nosuchfunction(...)}"),
    ],
)
def test_an_expression_is_worked_out(expression: str, value: object, tmp_path: Path) -> None:
    more = """
variable "size" { default = 2 }
variable "names" { default = ["a", "b", "c"] }
locals {
  map   = { name = "named", inner = { key = "held" } }
  list  = [{ id = "x" }, { id = "y" }]
  round = local.round
}
resource "aws_sqs_queue" "q" { name = "queue-${var.size}" }
resource "aws_lambda_function" "each" {
  for_each      = toset(["a", "b"])
  function_name = "f-${each.key}"
}
resource "aws_iam_role" "r" {
  count = 2
  name  = "role-${count.index}"
}
"""
    assert value_of(tmp_path, expression, more) == value


@pytest.mark.parametrize(
    "definition",
    [
        'file("${path.module}/a.json")',
        'templatefile("${path.module}/t.json", { value = "filled" })',
        "<<EOF\n" + ASL % "${var.value}" + "\nEOF",
        "<<-EOT\n    " + ASL % "${var.value}" + "\n    EOT",
        'jsonencode({ StartAt = "A", States = { A = { Type = "Pass", Result = var.value, End = true } } })',
        "data.template_file.t.rendered",
        "local.definition",
    ],
)
def test_a_definition_is_read_however_it_is_written(definition: str, tmp_path: Path) -> None:
    more = """
variable "value" { default = "filled" }
locals { definition = file("a.json") }
data "template_file" "t" {
  template = file("${path.module}/t.json")
  vars     = { value = "filled" }
}
"""
    files = {"a_json": ASL % "filled", "t_json": ASL % "${value}"}

    project(tmp_path, MACHINE.format(definition) + more, **files)

    assert StateMachine.from_file(tmp_path).execute().output == "filled"


def test_problems_have_the_line_of_the_file_that_they_stand_in(tmp_path: Path) -> None:
    text = '{\n  "StartAt": "A",\n  "States": {"A": {"Type": "Pass",\n    "Nxt": "${b}"}}\n}\n'
    heredoc = f"<<EOF\n{text}EOF"
    two = project(
        tmp_path,
        MACHINE.format('templatefile("t.json", { b = "x" })')
        + MACHINE.format(heredoc).replace('"m"', '"n"')
        + 'variable "b" {}',
        t_json=text,
    )

    first, second = (one.source.line("/States/A/Nxt") for one in two.machines)

    assert (two.machines[0].file, first) == (tmp_path / "t.json", 4)
    assert two.machines[1].file == tmp_path / "main.tf"
    assert (tmp_path / "main.tf").read_text().splitlines()[second - 1].strip().startswith('"Nxt"')


def test_modules_of_the_folder_bring_their_machines_and_outputs(tmp_path: Path) -> None:
    inner = """
variable "name" {}
resource "aws_sfn_state_machine" "this" {
  name       = var.name
  definition = file("${path.root}/a.json")
}
output "arn" { value = aws_sfn_state_machine.this.arn }
"""
    outer = 'module "inner" {\n source = "./inner"\n name = "named"\n}\n' + MACHINE.format(
        "jsonencode(module.inner.arn)"
    )

    found = project(tmp_path, outer, inner__main_tf=inner, a_json=ASL % "x")

    assert [one.key for one in found.machines] == [
        "module.inner.aws_sfn_state_machine.this",
        "aws_sfn_state_machine.m",
    ]
    assert found.machine("m").source.value == "arn:aws:states:us-east-1:123456789012:stateMachine:named"
    assert found.machine("this").name == "named"


def test_published_modules_of_machines_and_functions_are_known(tmp_path: Path) -> None:
    text = """
module "step_function" {
  source     = "terraform-aws-modules/step-functions/aws"
  name       = "machine"
  type       = "EXPRESS"
  definition = jsonencode(module.lambda_function.lambda_function_arn)
}
module "lambda_function" {
  source        = "terraform-aws-modules/lambda/aws"
  function_name = "function"
  handler       = "index.handler"
  runtime       = "python3.12"
  source_path   = "src/index.py"
}
"""
    found = project(tmp_path, text, src__index_py="")

    assert (found.machine().name, found.machine().type) == ("machine", "EXPRESS")
    assert found.machine().source.value == found.functions[0].arn
    assert found.functions[0].folders == (tmp_path / "src",)


def test_functions_are_found_with_their_code_and_environment(tmp_path: Path) -> None:
    text = """
data "archive_file" "code" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "${path.module}/code.zip"
}
resource "aws_lambda_function" "archived" {
  function_name = "archived"
  filename      = data.archive_file.code.output_path
  handler       = "app.handler"
  runtime       = "python3.12"
  environment { variables = { TABLE = aws_dynamodb_table.t.name } }
}
resource "aws_lambda_function" "node" {
  filename = data.archive_file.code.output_path
  runtime  = "nodejs20.x"
}
resource "aws_lambda_function" "bucket" {
  s3_key  = "code.zip"
  runtime = "python3.12"
}
resource "aws_lambda_function" "image" { package_type = "Image" }
resource "aws_dynamodb_table" "t" { name = "table" }
"""
    found = {one.key.partition(".")[2]: one for one in project(tmp_path, text, src__app_py="").functions}

    assert found["archived"].folders == (tmp_path / "src",)
    assert found["archived"].environment == {"TABLE": "table"}
    assert {key: one.missing for key, one in found.items()} == {
        "archived": "",
        "node": "it runs on nodejs20.x",
        "bucket": "its code isn't on this machine: unknown",
        "image": "its code is a container image",
    }


def test_variables_are_given_by_files_and_by_the_caller(tmp_path: Path) -> None:
    text = MACHINE.format("jsonencode([var.a, var.b, var.c, var.n])") + "\n".join(
        f'variable "{name}" {{ {given} }}'
        for name, given in (
            ("a", "type = string"),
            ("b", "default = [1]"),
            ("c", "default = 0"),
            ("n", "type = number"),
        )
    )
    project(tmp_path, text)
    (tmp_path / "terraform.tfvars").write_text("c = 3\n")

    found = open_project(tmp_path, {"b": "[2]"})

    assert found.machine().source.value == ["a", [2], 3, 1]
    assert found.notes[0] == "variable a has no default, its name stands for it: --parameter a=VALUE"


def test_what_counts_none_isn_t_there(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="no state machine in it"):
        project(tmp_path, MACHINE.format('"{}"').replace("name ", "count = false ? 1 : 0\n  name ")).machine()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('resource "a" {', "main.tf:"),
        ("x = = 1", "main.tf:1: not HCL"),
        (MACHINE.format('file("nowhere.json")'), "its definition isn't known: file("),
        (MACHINE.format("var.nowhere.at.all"), "its definition isn't known"),
    ],
)
def test_what_can_t_be_read_is_a_sentence(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(text)

    with pytest.raises(StepError) as refused:
        StateMachine.from_file(tmp_path)

    assert told in str(refused.value)


def plan(definition: str | None) -> dict[str, Any]:
    values = {"name": "machine", "type": "EXPRESS"} | (
        {} if definition is None else {"definition": definition}
    )
    machine = {
        "address": "aws_sfn_state_machine.m",
        "mode": "managed",
        "type": "aws_sfn_state_machine",
        "name": "m",
    }
    function = {
        "address": "module.x.aws_lambda_function.f",
        "mode": "managed",
        "type": "aws_lambda_function",
        "name": "f",
        "values": {"function_name": "f", "runtime": "python3.12", "filename": "gone.zip"},
    }
    root = {"resources": [machine | {"values": values}], "child_modules": [{"resources": [function]}]}
    return {"format_version": "1.2", "planned_values": {"root_module": root}}


def test_a_plan_has_machines_and_functions(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan(ASL % "x")))

    found = open_project(tmp_path / "plan.json")

    assert (found.machine("m").name, found.machine("m").type) == ("machine", "EXPRESS")
    assert [one.missing for one in found.functions] == ["its code isn't on this machine: gone.zip"]
    assert StateMachine.from_file(tmp_path / "plan.json").execute().output == "x"


def test_what_a_plan_doesn_t_know_yet_is_read_in_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan(None)))

    with pytest.raises(StepError, match="known after the apply only"):
        StateMachine.from_file(tmp_path / "plan.json")

    project(tmp_path, MACHINE.format(f"jsonencode({ASL % 'beside'})"))
    assert StateMachine.from_file(tmp_path / "plan.json").execute().output == "beside"


def test_a_state_has_machines_too(tmp_path: Path) -> None:
    attributes = {"name": "machine", "definition": ASL % "x"}
    state = {
        "version": 4,
        "terraform_version": "1.9.0",
        "resources": [
            {
                "module": "module.a",
                "mode": "managed",
                "type": "aws_sfn_state_machine",
                "name": "m",
                "instances": [{"index_key": "k", "attributes": attributes}],
            }
        ],
    }
    (tmp_path / "terraform.tfstate.json").write_text(json.dumps(state))

    assert (
        open_project(tmp_path / "terraform.tfstate.json").machine().key
        == 'module.a.aws_sfn_state_machine.m["k"]'
    )
