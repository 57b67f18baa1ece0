"""Open a project: tell by its files what it was made with, and read it.

Reads files; runs nothing of the project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from step.asl.source import MAX_SIZE, read_source
from step.errors import MissingExtra, StepError
from step.projects.application import Application, ProjectMachine
from step.projects.cloud_assembly import is_assembly, read_assembly
from step.projects.document import Document, read_document
from step.projects.layout import is_layout, read_layout
from step.projects.plan import is_plan, read_plan
from step.projects.template import TEMPLATES, TemplateReader
from step.projects.terraform import TerraformReader

# Folders with what others wrote.
_FOREIGN = frozenset({"node_modules", "__pycache__", "venv", "dist", "build"})
_DEFINITION_FILES = (".asl.json", ".asl.yaml", ".asl.yml", ".asl")
_TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_MOST_TEMPLATE = 4_000_000
_DEEPEST = 12
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
            or state as JSON, a folder of ``.tf`` files; or a folder that holds one of these, or ``states/``
            and ``lambda/``.
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
    """List what to read where a path is given: itself, or what a folder that is no project has in it.

    Raises:
        StepError: the folder has nothing.
    """
    found = [path] if not path.is_dir() else [*_projects(path, 0)]
    if not found:
        raise StepError(f"{path}: no definition and no project in it")
    yield from found


def _projects(folder: Path, depth: int) -> Iterator[Path]:
    if _project_file(folder) is not None:
        yield folder
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_file() and entry.name.endswith(_DEFINITION_FILES):
            yield entry
        elif entry.is_dir() and depth < _DEEPEST and not _is_foreign(entry):
            yield from _projects(entry, depth + 1)


def _is_foreign(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _FOREIGN or folder.is_symlink()


def _project_file(folder: Path) -> Path | None:
    """Find what a folder's project is read from."""
    for template in (folder / name for name in TEMPLATES):
        if template.is_file():
            return template
    for assembly in (folder, folder / "cdk.out"):
        if is_assembly(assembly):
            return assembly
    for file in (*sorted(folder.glob("*.tf")), folder / "cdk.json"):
        if file.is_file():
            return file
    return next(filter(_is_template, sorted(folder.iterdir())), None)


def _is_template(file: Path) -> bool:
    """Say whether a file is a template of another name that has a state machine."""
    if file.suffix not in _TEMPLATE_SUFFIXES or not file.is_file() or file.stat().st_size > _MOST_TEMPLATE:
        return False
    text = file.read_bytes()
    return b"Resources" in text and (b"AWS::StepFunctions::" in text or b"AWS::Serverless::State" in text)


def _open(path: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    if path.is_dir():
        return _folder(path, parameters, filled)
    if path.suffix == ".tf":
        return _terraform(path.parent, parameters, filled)
    document = read_document(path)
    value = document.value
    is_definition = "States" in value or "StartAt" in value
    if not is_definition and is_plan(value):
        beside = _terraform(path.parent, parameters, filled) if _has_terraform(path.parent) else None
        return read_plan(path, value, filled, beside)
    if not is_definition and ("Resources" in value or "AWSTemplateFormatVersion" in value):
        return _template(document, parameters, filled)
    return _definition(read_document(path, filled) if filled else document)


def _folder(path: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    file = _project_file(path)
    if file is None and is_layout(path):
        return read_layout(path, filled)
    if file is None:
        looked = f"{', '.join(TEMPLATES)}, another template, cdk.out, *.tf, states/*.asl.json"
        raise StepError(f"{path}: no project in this folder: it has none of {looked}")
    if file.name == "cdk.json":
        raise StepError(f"{path}: a CDK app without its cdk.out: run `cdk synth` first")
    if file.suffix == ".tf":
        return _terraform(path, parameters, filled)
    return read_assembly(file, parameters, filled) if file.is_dir() else _open(file, parameters, filled)


def _has_terraform(folder: Path) -> bool:
    return any(folder.glob("*.tf"))


def _terraform(folder: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    if find_spec("hcl2") is None:
        raise MissingExtra("projects", f"{folder}: Terraform", "python-hcl2")
    found = TerraformReader(folder, parameters, filled).read()
    return Application(
        file=folder,
        machines=tuple(found.machines),
        functions=tuple(found.functions),
        notes=tuple(found.notes),
    )


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
        resources=tuple(found.resources),
        notes=tuple(found.notes),
    )
