"""Open a project: tell by its files what it was made with, and read it.

Reads files; runs nothing of the project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from step.asl.source import MAX_SIZE, read_source
from step.errors import StepError
from step.jsonvalue import JSONObject
from step.projects.application import Application, ProjectMachine
from step.projects.document import Document, read_document
from step.projects.template import TEMPLATES, TemplateReader

# Folders with what others wrote.
_FOREIGN = frozenset({"node_modules", "__pycache__", "venv", "dist", "build"})
_DEFINITIONS = (".json", ".yaml", ".yml")


def split_name(name: str) -> tuple[str, str | None]:
    """Take ``template.yaml#OrderMachine`` apart."""
    path, hash, machine = name.partition("#")
    return (path or ".", machine) if hash and not Path(name).exists() else (name, None)


def open_project(
    path: Path, parameters: Mapping[str, str] | None = None, filled: Mapping[str, str] | None = None
) -> Application:
    """Read a project.

    Args:
        path: A definition in JSON or YAML, a SAM or CloudFormation template, a ``cdk.out``, Terraform's plan
            or state as JSON, a folder of ``.tf`` files; or a folder that holds one of these.
        parameters: Values for what the project leaves open, by name.
        filled: Texts for the placeholders ``${NAME}`` of its definitions.

    Raises:
        StepError: it is none of them; or it can't be read.
        MissingExtra: what reads it isn't installed.
    """
    try:
        return _open(path, parameters or {}, filled or {})
    except RecursionError:
        raise StepError(f"{path}: nested too deeply, or its parts lead back to themselves") from None


def find_projects(path: Path) -> Iterator[Path]:
    """List what to read where a path is given: itself, or what a folder that is no project has in it."""
    if not path.is_dir() or _project_file(path) is not None:
        yield path
        return
    found = False
    for entry in sorted(path.iterdir()):
        if entry.is_dir():
            is_own = not entry.name.startswith(".") and entry.name not in _FOREIGN and not entry.is_symlink()
            inner = [*find_projects(entry)] if is_own and _has_definitions(entry) else []
        else:
            inner = [entry] if _is_definition(entry) else []
        found = found or bool(inner)
        yield from inner
    if not found:
        raise StepError(f"{path}: no definition and no project in it")


def _has_definitions(folder: Path) -> bool:
    return _project_file(folder) is not None or any(map(_is_definition, folder.rglob("*")))


def _is_definition(file: Path) -> bool:
    return file.name.endswith((".asl.json", ".asl.yaml", ".asl.yml", ".asl"))


def _project_file(folder: Path) -> Path | None:
    """Find what a folder's project is read from."""
    return next((folder / name for name in TEMPLATES if (folder / name).is_file()), None)


def _open(path: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    if path.is_dir():
        return _folder(path, parameters, filled)
    document = read_document(path)
    match _kind(document.value):
        case "template":
            return _template(document, parameters, filled)
        case _:
            return _definition(read_document(path, filled) if filled else document)


def _kind(value: JSONObject) -> str:
    """Tell what a file is by its sections."""
    if "States" in value or "StartAt" in value:
        return "definition"
    if "Resources" in value or "AWSTemplateFormatVersion" in value:
        return "template"
    return "definition"


def _folder(path: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    file = _project_file(path)
    if file is not None:
        return _open(file, parameters, filled)
    looked = ", ".join(TEMPLATES)
    raise StepError(f"{path}: no project in this folder: it has none of {looked}")


def _definition(document: Document) -> Application:
    name = document.file.name
    for suffix in (*_DEFINITIONS, ".asl"):
        name = name.removesuffix(suffix)
    text = document.source.text
    # AWS takes no definition that is as large as a template may be.
    source = read_source(text) if text is not None and len(text) > MAX_SIZE else document.source
    machine = ProjectMachine(key=name, name=name, file=document.file, source=source)
    return Application(file=document.file, machines=(machine,), is_project=False)


def _template(document: Document, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    found = TemplateReader(document, parameters, filled).read()
    return Application(
        file=document.file,
        machines=tuple(found.machines),
        functions=tuple(found.functions),
        notes=tuple(found.notes),
    )
