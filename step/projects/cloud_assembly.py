"""Find the machines and functions of a ``cdk.out``: every stack's template, with its assets.

Reads the manifest and the templates; runs no app.
AWS: CDK's cloud assembly, ``manifest.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from step.errors import StepError
from step.projects.application import Application
from step.projects.document import read_document
from step.projects.template import TemplateReader

MANIFEST = "manifest.json"


def is_assembly(folder: Path) -> bool:
    """Say whether a folder is what ``cdk synth`` writes."""
    if (folder / MANIFEST).is_file():
        return isinstance(read_document(folder / MANIFEST).value.get("artifacts"), dict)
    return folder.is_dir() and any(folder.glob("*.template.json"))


def read_assembly(folder: Path, parameters: Mapping[str, str], filled: Mapping[str, str]) -> Application:
    """Read a cloud assembly; a machine's key begins with its stack's name where there are several.

    Raises:
        StepError: there is no stack.
    """
    stacks = dict(_stacks(folder))
    if not stacks:
        raise StepError(f"{folder}: a cloud assembly without a stack")
    documents = {name: read_document(file) for name, file in stacks.items()}
    given = dict(parameters)
    if len(stacks) > 1:
        # What one stack exports another imports.
        for document in documents.values():
            given = {**TemplateReader(document, given, filled).read().exports, **given}
    readers = [
        TemplateReader(document, given, filled, f"{name}/" if len(stacks) > 1 else "").read()
        for name, document in documents.items()
    ]
    return Application(
        file=folder,
        machines=tuple(machine for reader in readers for machine in reader.machines),
        functions=tuple(function for reader in readers for function in reader.functions),
        resources=tuple(resource for reader in readers for resource in reader.resources),
        notes=tuple(dict.fromkeys(note for reader in readers for note in reader.notes)),
    )


def _stacks(folder: Path, depth: int = 0) -> Iterator[tuple[str, Path]]:
    """List the stacks and their templates, those of stages too."""
    artifacts: Any = (
        read_document(folder / MANIFEST).value.get("artifacts") if (folder / MANIFEST).is_file() else None
    )
    if not isinstance(artifacts, dict):
        for file in sorted(folder.glob("*.template.json")):
            if ".nested." not in file.name:
                yield file.name.removesuffix(".template.json"), file
        return
    for name, artifact in artifacts.items():
        properties = artifact.get("properties") if isinstance(artifact, dict) else None
        if not isinstance(properties, dict):
            continue
        template, inner = properties.get("templateFile"), properties.get("directoryName")
        if artifact.get("type") == "aws:cloudformation:stack" and isinstance(template, str):
            if (folder / template).is_file():
                yield name, folder / template
        elif artifact.get("type") == "cdk:cloud-assembly" and isinstance(inner, str) and depth < 5:
            yield from _stacks(folder / inner, depth + 1)
