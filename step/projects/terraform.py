"""Find the machines and functions of a folder of Terraform's files, its own modules among them.

Reads ``.tf`` and ``.tfvars`` files; asks no provider. Names and ARNs are those that the resources would have.
Terraform AWS provider: "aws_sfn_state_machine", "aws_lambda_function".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from step.asl.source import refused
from step.errors import StepError
from step.jsonvalue import JSONValue
from step.projects.application import ProjectFunction, ProjectMachine
from step.projects.document import fill_text, moved, read_text
from step.projects.hcl import Evaluator, NamedValues, Unknown, parse_hcl, rules, to_json, to_string, word
from step.projects.names import ACCOUNT, PARTITION, REGION, arn_of, ref_of

# What CloudFormation calls a type, where its ARN isn't its own words; names are looked for in these.
TYPES: Mapping[str, str] = {
    "aws_batch_job_definition": "AWS::Batch::JobDefinition",
    "aws_batch_job_queue": "AWS::Batch::JobQueue",
    "aws_cloudwatch_event_bus": "AWS::Events::EventBus",
    "aws_codebuild_project": "AWS::CodeBuild::Project",
    "aws_dynamodb_table": "AWS::DynamoDB::Table",
    "aws_ecs_cluster": "AWS::ECS::Cluster",
    "aws_ecs_task_definition": "AWS::ECS::TaskDefinition",
    "aws_glue_job": "AWS::Glue::Job",
    "aws_iam_role": "AWS::IAM::Role",
    "aws_kinesis_stream": "AWS::Kinesis::Stream",
    "aws_lambda_function": "AWS::Lambda::Function",
    "aws_s3_bucket": "AWS::S3::Bucket",
    "aws_secretsmanager_secret": "AWS::SecretsManager::Secret",
    "aws_sfn_activity": "AWS::StepFunctions::Activity",
    "aws_sfn_state_machine": "AWS::StepFunctions::StateMachine",
    "aws_sns_topic": "AWS::SNS::Topic",
    "aws_sqs_queue": "AWS::SQS::Queue",
}
_NAMED_BY = ("function_name", "name", "bucket", "family", "layer_name")
_DATA: Mapping[str, Mapping[str, str]] = {
    "aws_caller_identity": {"account_id": ACCOUNT, "id": ACCOUNT},
    "aws_iam_policy_document": {"json": "{}"},
    "aws_partition": {"partition": PARTITION, "dns_suffix": "amazonaws.com"},
    "aws_region": {"name": REGION, "id": REGION, "region": REGION},
}
# What stands for a variable without a value, where a text can't.
_OF_TYPE: Mapping[str, Any] = {"number": 1, "bool": True}
_MOST_DEEP = 10
_MACHINE, _FUNCTION = "aws_sfn_state_machine", "aws_lambda_function"


def type_of(kind: str) -> str:
    """Give CloudFormation's name for a type of Terraform's."""
    if kind in TYPES:
        return TYPES[kind]
    _, service, *words = [*kind.split("_"), "", ""]
    return f"AWS::{service.title()}::{''.join(map(str.title, words)) or service.title()}"


class TerraformReader:
    """Reads one module, and those of its folder that it calls.

    Args:
        folder: The module's folder.
        given: Values by variable.
        filled: Texts for placeholders that are left in definitions.
        prefix: The address of the module, with a dot behind it.
        root: The folder of the root module, where this isn't it.

    Attributes:
        machines, functions, notes: What it has.
    """

    def __init__(
        self,
        folder: Path,
        given: Mapping[str, Any],
        filled: Mapping[str, str],
        prefix: str = "",
        root: Path | None = None,
    ) -> None:
        self._root = root or folder.resolve()
        self.machines: list[ProjectMachine] = []
        self.functions: list[ProjectFunction] = []
        self.notes: list[str] = []
        self._folder, self._filled, self._prefix = folder, filled, prefix
        # (block's type, first label, second label) -> its body and file.
        self._blocks: dict[tuple[str, str, str], tuple[Any, Path]] = {}
        self._locals: dict[str, Any] = {}
        self._given = dict(given)
        self._open: list[str] = []
        self._modules: dict[str, Any] = {}
        names = {
            "var": NamedValues(self._variable),
            "local": NamedValues(self._local),
            "module": NamedValues(self._module),
            "data": NamedValues(lambda kind: NamedValues(lambda name: self._resource("data", kind, name))),
            "path": {"module": ".", "root": str(self._root), "cwd": str(self._root)},
            "terraform": {"workspace": "default"},
            "each": {"key": "each", "value": Unknown("each.value")},
            "count": {"index": 0},
        }
        self._eval = Evaluator(folder, names, self._of_type)

    def read(self) -> TerraformReader:
        """Read it all."""
        for file in sorted(self._folder.glob("*.tf")):
            self._take(parse_hcl(_text(file), file), file)
        if not self._prefix:
            for file in (self._folder / "terraform.tfvars", *sorted(self._folder.glob("*.auto.tfvars"))):
                if file.is_file():
                    values = _attributes(parse_hcl(_text(file), file))
                    told = {name: self._eval.evaluate(node, {}) for name, node in values.items()}
                    self._given = {**told, **self._given}
        for (block, kind, name), _ in [*self._blocks.items()]:
            if block == "module":
                self._module(kind)
            elif block == "resource" and kind in (_MACHINE, _FUNCTION):
                for key, scope in self._instances(("resource", kind, name)).items():
                    address = f"{self._prefix}{kind}.{name}{f'[{json.dumps(key)}]' if key else ''}"
                    self._found(kind, name, address, scope)
        self.notes = [*dict.fromkeys([*self.notes, *self._eval.notes])]
        return self

    def _take(self, body: Any, file: Path) -> None:
        for block in rules(body, "BlockRule"):
            kind, *labels = map(word, block.labels)
            if kind == "locals":
                self._locals |= _attributes(block.body)
            else:
                first, second = [*labels, "", ""][:2]
                self._blocks[kind, first, second] = block.body, file

    def _found(self, kind: str, name: str, address: str, scope: Mapping[str, Any]) -> None:
        body, file = self._blocks["resource", kind, name]
        values = _attributes(body)
        if kind == _FUNCTION:
            self.functions.append(self._function(address, name, body, scope))
        else:
            self._add_machine(address, self._name(values, name, scope), values, scope, file)

    # ------------------------------------------------------------ names

    def _once(self, key: str, work: Callable[[], Any]) -> Any:
        """Work something out; what leads back to itself isn't known."""
        if key in self._open or len(self._open) > 40:
            return Unknown(key)
        self._open.append(key)
        try:
            return work()
        finally:
            self._open.pop()

    def _variable(self, name: str) -> Any:
        body, _ = self._blocks.get(("variable", name, ""), (None, None))
        values = _attributes(body) if body is not None else {}
        default = (
            self._once(f"var.{name}", lambda: self._eval.evaluate(values["default"], {}))
            if "default" in values
            else None
        )
        if name in self._given:
            given = self._given[name]
            is_read = isinstance(given, str) and default is not None and not isinstance(default, str)
            return _read(given) if is_read else given
        if "default" not in values:
            note = f"variable {name} has no default, its name stands for it: --parameter {name}=VALUE"
            if not self._prefix and note not in self.notes:
                self.notes.append(note)
            return _OF_TYPE.get(word(next(rules(values["type"]), None))) or name if "type" in values else name
        return default

    def _local(self, name: str) -> Any:
        node = self._locals.get(name)
        if node is None:
            return Unknown(f"local.{name}")
        return self._once(f"local.{name}", lambda: self._eval.evaluate(node, {}))

    def _of_type(self, kind: str) -> Any:
        if any(block == "resource" and first == kind for block, first, _ in self._blocks):
            return NamedValues(lambda name: self._resource("resource", kind, name))
        return Unknown(kind)

    def _resource(self, block: str, kind: str, name: str, scope: Mapping[str, Any] | None = None) -> Any:
        if block == "data" and kind in _DATA:
            return NamedValues(lambda key: _DATA[kind].get(key, key))
        key = (block, kind, name)
        if key not in self._blocks:
            return Unknown(f"{kind}.{name}")

        def instances() -> dict[str, Any]:
            found = self._instances(key) if scope is None else {}
            return {at: self._resource(block, kind, name, inner) for at, inner in found.items() if at}

        return NamedValues(lambda attribute: self._attribute(key, attribute, scope or {}), instances)

    def _instances(self, key: tuple[str, str, str]) -> dict[str, Mapping[str, Any]]:
        """Give the names that each instance of a resource sees, by its key; "" where it has just one."""
        values = _attributes(self._blocks[key][0])
        path = ".".join(key)
        if "count" in values:
            count = self._once(f"{path}#", lambda: self._eval.evaluate(values["count"], {}))
            many = count if isinstance(count, int) and not isinstance(count, bool) else 1
            return (
                {"": {"count": {"index": 0}}}
                if many == 1
                else {str(at): {"count": {"index": at}} for at in range(min(many, 100))}
            )
        if "for_each" in values:
            over = self._once(f"{path}#", lambda: self._eval.evaluate(values["for_each"], {}))
            pairs = (
                over.items()
                if isinstance(over, dict)
                else [(one, one) for one in over]
                if isinstance(over, list)
                else []
            )
            return {str(at): {"each": {"key": at, "value": value}} for at, value in pairs}
        return {"": {}}

    def _attribute(self, key: tuple[str, str, str], attribute: str, scope: Mapping[str, Any]) -> Any:
        block, kind, name = key
        body, _ = self._blocks[key]
        values, path = _attributes(body), f"{kind}.{name}.{attribute}"
        if block == "data" and (kind, attribute) in (
            ("template_file", "rendered"),
            ("local_file", "content"),
        ):
            return self._once(path, lambda: self._rendered(values))
        if attribute in values and attribute not in ("arn", "id"):
            return self._once(path, lambda: self._eval.evaluate(values[attribute], scope))
        if kind == "archive_file":
            return path
        physical = self._name(values, name, scope)
        type = type_of(kind)
        if attribute.endswith("arn"):
            return arn_of(type, physical)
        if attribute in ("id", "url"):
            return ref_of(type, physical)
        return physical if attribute in _NAMED_BY else Unknown(path)

    def _rendered(self, values: Mapping[str, Any]) -> str:
        if "filename" in values:
            return _text(self._folder / to_string(self._eval.evaluate(values["filename"], {})))
        given = self._eval.evaluate(values["vars"], {}) if "vars" in values else {}
        template = values.get("template")
        return (
            self._eval.template(to_string(self._eval.evaluate(template, {})), given, self._folder)
            if template
            else ""
        )

    def _name(self, values: Mapping[str, Any], name: str, scope: Mapping[str, Any]) -> str:
        for key in _NAMED_BY:
            if key in values:
                told = self._once(f"{name}.{key}", lambda key=key: self._eval.evaluate(values[key], scope))  # type: ignore[misc]  # mypy knows no defaults of lambdas
                return name if isinstance(told, Unknown) else to_string(told)
        return name

    # ------------------------------------------------------------ modules

    def _module(self, name: str) -> Any:
        """Read a module, and give its outputs."""
        if name not in self._modules:
            body, file = self._blocks.get(("module", name, ""), (None, self._folder))
            if body is None or self._prefix.count("module.") >= _MOST_DEEP:
                return Unknown(f"module.{name}")
            self._modules[name] = Unknown(f"module.{name}")
            self._modules[name] = self._called(name, body, file)
        return self._modules[name]

    def _called(self, name: str, body: Any, file: Path) -> Any:
        values = _attributes(body)
        source = to_string(self._eval.evaluate(values["source"], {})) if "source" in values else ""
        given = {
            key: self._eval.evaluate(node, {})
            for key, node in values.items()
            if key not in ("source", "version", "definition")
        }
        address, folder = f"{self._prefix}module.{name}", self._folder / source
        if source.startswith(".") and folder.is_dir():
            if "definition" in values:
                given["definition"] = self._eval.evaluate(values["definition"], {})
            inner = TerraformReader(folder, given, self._filled, f"{address}.", self._root).read()
            self.machines += inner.machines
            self.functions += inner.functions
            self.notes += inner.notes
            return NamedValues(inner._output)
        physical = next((to_string(given[key]) for key in _NAMED_BY if key in given), name)
        if "definition" in values and "step-functions" in source:
            self._add_machine(address, physical, values, {}, file)
            return _outputs(_MACHINE, physical, "state_machine_")
        if "lambda" in source:
            self.functions.append(
                self._described(address, physical, given, _paths(self._folder, given.get("source_path")))
            )
            return _outputs(_FUNCTION, physical, "lambda_function_")
        return Unknown(f"module.{name}")

    def _output(self, name: str) -> Any:
        body, _ = self._blocks.get(("output", name, ""), (None, None))
        node = _attributes(body).get("value") if body is not None else None
        return Unknown(name) if node is None else self._eval.evaluate(node, {})

    # ------------------------------------------------------------ what is found

    def _add_machine(
        self, key: str, name: str, values: Mapping[str, Any], scope: Mapping[str, Any], file: Path
    ) -> None:
        node = values.get("definition")
        told = self._eval.evaluate(node, scope) if node is not None else Unknown("definition")
        kind = to_string(self._eval.evaluate(values["type"], scope)).upper() if "type" in values else ""
        line = int(getattr(getattr(node, "_meta", None), "line", 1) or 1)
        text = told if isinstance(told, str) else to_json(told)
        from_file = self._eval.read.get(text)
        if isinstance(told, Unknown):
            source = refused(
                "INVALID_JSON_DESCRIPTION", f"{key}: its definition isn't known: {told.path}", line
            )
        else:
            source = read_text(fill_text(text, self._filled), from_file or file)
        if from_file is None and not isinstance(told, Unknown):
            # The text was made of the file's; a heredoc's first line follows the attribute's.
            is_heredoc = any(rules(node, "HeredocTemplateRule", "HeredocTrimTemplateRule"))
            source = moved(source, lambda within: line + within if is_heredoc else line)
        self.machines.append(
            ProjectMachine(
                key=key,
                name=name,
                file=from_file or file,
                source=source,
                type="EXPRESS" if kind == "EXPRESS" else "STANDARD",
            )
        )

    def _function(self, key: str, name: str, body: Any, scope: Mapping[str, Any]) -> ProjectFunction:
        given = {at: self._eval.evaluate(node, scope) for at, node in _attributes(body).items()}
        for block in rules(body, "BlockRule"):
            if word(block.labels[0]) == "environment":
                variables = _attributes(block.body).get("variables")
                given["environment_variables"] = (
                    self._eval.evaluate(variables, scope) if variables is not None else {}
                )
        physical = self._name(_attributes(body), name, scope)
        return self._described(key, physical, given, self._code(given.get("filename")))

    def _described(
        self, key: str, name: str, given: Mapping[str, Any], folders: tuple[Path, ...]
    ) -> ProjectFunction:
        runtime = to_string(given.get("runtime"))
        variables = given.get("environment_variables")
        missing = ""
        if given.get("package_type") == "Image" or given.get("image_uri"):
            missing = "its code is a container image"
        elif not runtime.startswith("python"):
            missing = f"it runs on {runtime or 'no runtime that is known'}"
        elif not folders:
            where = given.get("filename", given.get("source_path", "unknown"))
            missing = f"its code isn't on this machine: {to_string(where)}"
        return ProjectFunction(
            key=key,
            name=name,
            arn=arn_of(TYPES[_FUNCTION], name),
            runtime=runtime,
            handler=to_string(given.get("handler")) or "index.handler",
            folders=folders,
            environment={at: to_string(value) for at, value in variables.items()}
            if isinstance(variables, dict)
            else {},
            missing=missing,
        )

    def _code(self, filename: JSONValue) -> tuple[Path, ...]:
        """Find a function's code: what an archive is made of, else the archive itself."""
        for key in [key for key in self._blocks if key[1] == "archive_file"]:
            values = _attributes(self._blocks[key][0])
            source = values.get("source_dir", values.get("source_file"))
            for scope in self._instances(key).values() if source is not None else ():
                if filename and self._attribute(key, "output_path", scope) == filename:
                    return _paths(self._folder, self._eval.evaluate(source, scope))
        return _paths(self._folder, filename)


def _paths(folder: Path, told: Any) -> tuple[Path, ...]:
    """List the folders, or zips, of a function's code."""
    if isinstance(told, list):
        return tuple(path for one in told for path in _paths(folder, one))
    name = told.get("path") if isinstance(told, dict) else told
    path = folder / name if isinstance(name, str) and name else None
    if path is None or not path.exists():
        return ()
    return (path.parent if path.suffix == ".py" else path,)


def _outputs(kind: str, name: str, prefix: str) -> NamedValues:
    def get(key: str) -> str:
        bare = key.removeprefix(prefix)
        return (
            name
            if bare in ("name", "function_name", "id") and kind == _FUNCTION
            else arn_of(TYPES[kind], name)
        )

    return NamedValues(get)


def _attributes(body: Any) -> dict[str, Any]:
    """List a body's attributes: their expressions by name."""
    found: dict[str, Any] = {}
    for attribute in rules(body, "AttributeRule"):
        name, expression = [*rules(attribute)][:2]
        found[word(name)] = expression
    return found


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise StepError(f"{file}: not UTF-8 text, at byte {fault.start}") from None
