"""Read a project that no tool was told of: definitions in ``states/``, Lambda functions in ``lambda/``.

Reads files; runs nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from step.asl import taskfn
from step.asl.source import Source
from step.jsonvalue import JSONObject, JSONValue
from step.projects.application import Application, ProjectFunction, ProjectMachine
from step.projects.document import read_document
from step.projects.names import ACCOUNT, REGION

_SUFFIXES = (".asl.json", ".asl.yaml", ".asl.yml")
_FUNCTIONS = "lambda"
_STATES = "states"


def is_layout(folder: Path) -> bool:
    """Say whether a folder has definitions where this project's commands look for them."""
    return any(file.name.endswith(_SUFFIXES) for file in (folder / _STATES).glob("*"))


def read_layout(folder: Path, filled: Mapping[str, str]) -> Application:
    """Read the machines and functions of such a folder.

    A TaskFn calls the function of its machine's name; ``${NAME_arn}`` is the ARN of ``lambda/NAME.py``.
    """
    functions = [_function(file) for file in sorted((folder / _FUNCTIONS).glob("*.py"))]
    arns = {f"{function.key}_arn": function.arn for function in functions} | dict(filled)
    files = sorted(file for file in (folder / _STATES).iterdir() if file.name.endswith(_SUFFIXES))
    return Application(
        file=folder,
        machines=tuple(_machine(file, arns) for file in files),
        functions=tuple(functions),
    )


def _function(file: Path) -> ProjectFunction:
    return ProjectFunction(
        key=file.stem,
        name=file.stem,
        arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{file.stem}",
        runtime="python3",
        handler=f"{file.stem}.handlers",
        folders=(file.parent,),
    )


def _machine(file: Path, arns: Mapping[str, str]) -> ProjectMachine:
    name = file.name.partition(".")[0]
    source: Source = read_document(file, arns).source
    value = source.value
    if source.error is None and isinstance(value, dict):
        source = replace(source, value=_expanded(value, arns.get(f"{name}_arn", taskfn.PLACEHOLDER)))
    return ProjectMachine(key=name, name=name, file=file, source=source)


def _expanded(document: JSONObject, arn: str) -> JSONValue:
    try:
        return taskfn.expand(document, arn)
    except (KeyError, TypeError, AttributeError):
        # No machine: whoever checks the definition says why.
        return document
