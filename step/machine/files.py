"""Find a machine's definition and handlers in the folders of a repository.

Imports the user's handler file; knows nothing of running.
"""

from __future__ import annotations

import codecs
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from step.errors import HandlerError, StepError
from step.tasks import TaskHandlers


def definition_file(name: str | Path, root: Path = Path()) -> Path:
    """Resolve a definition's file, or the bare NAME of ``states/NAME.asl.json`` (or ``.yaml``)."""
    path = root / name
    named = (root / "states" / f"{name}.asl.{format}" for format in ("json", "yaml", "yml"))
    return path if path.exists() else next((file for file in named if file.exists()), path)


def deployer_definition(root: Path = Path()) -> Path:
    """Find the deployer's own definition: in a repository, in step's own, or in its wheel.

    Raises:
        StepError: it is in none of them.
    """
    name = "deployer.asl.json"
    package = Path(__file__).resolve().parents[1]
    places = (root / "states" / name, package.parent / "states" / name, package / "deployer" / name)
    for file in places:
        if file.is_file():
            return file
    raise StepError(f"states/{name}: the deployer's definition isn't here; name a DEFINITION")


def handlers_file(definition: Path, given: Path | None) -> Path | None:
    """Say where the handlers of a definition are; None: nowhere, and none were asked for."""
    if given is not None:
        return given
    name = definition.name
    for suffix in (".json", ".yaml", ".yml", ".asl"):
        name = name.removesuffix(suffix)
    beside = definition.parent.parent / "lambda" / f"{name}.py"
    return beside if beside.exists() else None


def read_text_file(file: Path) -> str:
    """Read a text that a user wrote.

    Raises:
        StepError: it isn't UTF-8; the message says what it looks like.
        OSError: it can't be read.
    """
    return decode_text(file.read_bytes(), str(file))


def decode_text(data: bytes, where: str) -> str:
    """Decode a text that a user wrote; ``where`` names it in the StepError for what isn't UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise StepError(f"{where}: UTF-16 by its first bytes: save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise StepError(
            f"{where}: not UTF-8 text: byte 0x{data[fault.start]:02x} in line {line}, at offset {fault.start}"
        ) from None


def import_file(file: Path, name: str, refusal: type[StepError]) -> ModuleType:
    """Import a Python file under a name of its own.

    Raises:
        refusal: it is no Python file, or fails.
    """
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise refusal(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise refusal(f"{file}: {type(error).__name__}: {error}") from error
    return module


def load_handlers(file: Path) -> TaskHandlers:
    """Import a handler file and find its TaskHandlers.

    Raises:
        HandlerError: the file can't be imported, or has no TaskHandlers, or more than one.
    """
    if not file.exists():
        raise HandlerError(f"{file}: no such handler file")
    module = import_file(file, f"step_handlers_{file.stem}", HandlerError)
    found = {id(value): value for value in vars(module).values() if isinstance(value, TaskHandlers)}
    if len(found) != 1:
        raise HandlerError(f"{file}: expected one TaskHandlers, found {len(found)}")
    return next(iter(found.values()))
