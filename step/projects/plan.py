"""Find the machines and functions of a plan or a state of Terraform, as ``terraform show -json`` writes it.

Pure: no clock, no IO; what a plan doesn't know yet is looked for in the folder's files by who calls this.
Terraform: "JSON output format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from step.asl.source import Source, refused
from step.jsonvalue import JSONObject
from step.projects.application import Application, ProjectFunction, ProjectMachine
from step.projects.document import fill_text, read_text
from step.projects.names import arn_of

_SECTIONS = ("planned_values", "values")


def is_plan(value: JSONObject) -> bool:
    """Say whether a document is a plan or a state."""
    return any(isinstance(value.get(key), dict) for key in _SECTIONS) or (
        "terraform_version" in value and "resources" in value
    )


def read_plan(
    file: Path, value: JSONObject, filled: Mapping[str, str], beside: Application | None
) -> Application:
    """Read a plan or a state.

    Args:
        file: The file.
        value: What is in it.
        filled: Texts for placeholders that are left in definitions.
        beside: What the files of its folder say.
    """
    known = {one.key: one for one in beside.machines} if beside is not None else {}
    code = {one.name: one for one in beside.functions} if beside is not None else {}
    machines: list[ProjectMachine] = []
    functions: list[ProjectFunction] = []
    for address, kind, name, values in _resources(value):
        if kind == "aws_sfn_state_machine":
            text = values.get("definition")
            kept = known.get(address)
            if not isinstance(text, str) and kept is not None:
                machines.append(kept)
                continue
            physical, is_express = str(values.get("name") or name), values.get("type") == "EXPRESS"
            machines.append(
                ProjectMachine(
                    key=address,
                    name=physical,
                    file=file,
                    source=_definition(text, address, file, filled),
                    type="EXPRESS" if is_express else "STANDARD",
                )
            )
        elif kind == "aws_lambda_function":
            physical = str(values.get("function_name") or name)
            functions.append(code.get(physical) or _function(address, physical, values, file.parent))
    return Application(file=file, machines=tuple(machines), functions=tuple(functions))


def _definition(text: object, address: str, file: Path, filled: Mapping[str, str]) -> Source:
    if isinstance(text, str):
        return read_text(fill_text(text, filled), file)
    told = f"{address}: its definition is known after the apply only; read the folder of its .tf files"
    return refused("INVALID_JSON_DESCRIPTION", told, 0)


def _function(address: str, name: str, values: Mapping[str, Any], folder: Path) -> ProjectFunction:
    runtime, filename = str(values.get("runtime") or ""), values.get("filename")
    path = folder / filename if isinstance(filename, str) and filename else None
    is_here = path is not None and path.exists()
    environment = values.get("environment")
    block = environment[0] if isinstance(environment, list) and environment else {}
    variables = block.get("variables") if isinstance(block, dict) else None
    missing = "" if is_here else f"its code isn't on this machine: {filename or 'unknown'}"
    return ProjectFunction(
        key=address,
        name=name,
        arn=arn_of("AWS::Lambda::Function", name),
        runtime=runtime,
        handler=str(values.get("handler") or "index.handler"),
        folders=(path,) if path is not None and is_here else (),
        environment={key: str(text) for key, text in variables.items()}
        if isinstance(variables, dict)
        else {},
        missing=missing
        if runtime.startswith("python")
        else f"it runs on {runtime or 'no runtime that is known'}",
    )


def _resources(value: JSONObject) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """List the managed resources: address, type, name and values."""
    for key in _SECTIONS:
        section = value.get(key)
        if isinstance(section, dict):
            yield from _of_module(section.get("root_module"))
    listed = value.get("resources")
    for resource in listed if isinstance(listed, list) else []:
        if isinstance(resource, dict) and resource.get("mode") == "managed":
            yield from _of_state(resource)


def _of_module(module: Any) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    if not isinstance(module, dict):
        return
    resources, inner = module.get("resources"), module.get("child_modules")
    for one in resources if isinstance(resources, list) else []:
        if isinstance(one, dict) and one.get("mode", "managed") == "managed":
            values = one.get("values")
            yield (
                str(one.get("address")),
                str(one.get("type")),
                str(one.get("name")),
                values if isinstance(values, dict) else {},
            )
    for child in inner if isinstance(inner, list) else []:
        yield from _of_module(child)


def _of_state(resource: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    kind, name = str(resource.get("type")), str(resource.get("name"))
    prefix = f"{resource['module']}." if isinstance(resource.get("module"), str) else ""
    instances = resource.get("instances")
    for instance in instances if isinstance(instances, list) else []:
        values = instance.get("attributes") if isinstance(instance, dict) else None
        if isinstance(values, dict):
            key = instance.get("index_key")
            at = "" if key is None else f"[{json.dumps(key)}]"
            yield f"{prefix}{kind}.{name}{at}", kind, name, values
