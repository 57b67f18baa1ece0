"""Which Python runs a function here, and whether its code can run here at all.

A function sees what AWS's runtime has (the standard library, boto3, the runtime client) and its own zip and
layers, nothing else of this environment: a dependency that is missing in the zip is missing here too.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local import boundary

_BOUNDARY = "step_boundary"
# What AWS's Python runtimes bring, as far as it is installed here.
_BROUGHT = (
    "awslambdaric",
    "runtime_client",
    "snapshot_restore_py",
    "simplejson",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)
_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_HERE = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_PROBE_SECONDS = 20


class Python(NamedTuple):
    """An interpreter: its arguments before and after the handler's name, and where its modules are found."""

    command: tuple[str, ...]
    folders: tuple[str, ...]
    more: tuple[str, ...] = ()

    def command_of(self, handler: str) -> tuple[str, ...]:
        """Give the command line that runs a handler."""
        return (*self.command, handler, *self.more)


class Runtimes:
    """The interpreters of this machine. Threads may share it."""

    def __init__(self, folder: Path, hosts: Sequence[str] = ()) -> None:
        self._folder = folder
        self._hosts = tuple(hosts)
        self._lock = Lock()
        self._found: dict[str, Python | None] = {}
        self._machines: dict[Path, str | None] = {}

    def python(self, configuration: JSONObject) -> Python:
        """Give the interpreter of a function.

        Raises:
            Refused: this machine has none; both sides are named.
        """
        runtime = str(configuration.get("Runtime"))
        with self._lock:
            if runtime not in self._found:
                self._found[runtime] = self._find(runtime)
            found = self._found[runtime]
        if found is None:
            raise _not_here(
                configuration,
                f"needs the runtime {runtime}; the local service runs {_own_runtime()}"
                + (f", and there is no {runtime} with awslambdaric on PATH" if _is_python(runtime) else ""),
            )
        return found

    def check_machine(self, configuration: JSONObject, folder: Path) -> None:
        """See that a folder's native code is this machine's.

        Raises:
            Refused: it is another's.
        """
        here = _HERE.get(platform.machine().lower(), platform.machine())
        with self._lock:
            if folder not in self._machines:
                self._machines[folder] = next((m for m in _machines(folder) if m != here), None)
            other = self._machines[folder]
        if other is not None:
            raise _not_here(configuration, f"holds native code for {other}; the local service runs on {here}")

    def _find(self, runtime: str) -> Python | None:
        if runtime == _own_runtime():
            return self._confined((sys.executable, "-S"), (str(self._brought()),))
        path = shutil.which(runtime) if _is_python(runtime) else None
        if path is None or not _has_client(path):
            return None
        return self._confined((path,), ())

    def _confined(self, command: tuple[str, ...], folders: tuple[str, ...]) -> Python:
        """Let the runtime client run behind the boundary, by a file that is alone in its folder."""
        folder = self._folder / "boundary"
        folder.mkdir(parents=True, exist_ok=True)
        text = Path(boundary.__file__).read_bytes()
        file = folder / f"{_BOUNDARY}.py"
        if not file.is_file() or file.read_bytes() != text:
            file.write_bytes(text)
        return Python((*command, "-m", _BOUNDARY), (*folders, str(folder)), self._hosts)

    def _brought(self) -> Path:
        """Make the folder that holds what AWS's runtime brings, as links to what is installed here."""
        folder = self._folder / _own_runtime()
        folder.mkdir(parents=True, exist_ok=True)
        for name in _BROUGHT:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                continue
            origin = Path(spec.origin)
            source = origin.parent if spec.submodule_search_locations else origin
            link = folder / source.name
            if not link.is_symlink() or link.readlink() != source:
                link.unlink(missing_ok=True)
                link.symlink_to(source)
        return folder


def _own_runtime() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _is_python(runtime: str) -> bool:
    return runtime.startswith("python3.") and runtime.removeprefix("python3.").isdigit()


def _has_client(path: str) -> bool:
    try:
        probe = subprocess.run(
            [path, "-c", "import awslambdaric"], capture_output=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def _machines(folder: Path) -> Iterator[str]:
    """Name the machines that a folder's shared libraries are for."""
    for place, _, names in os.walk(folder):
        for name in names:
            if ".so" in name:
                with (Path(place) / name).open("rb") as file:
                    head = file.read(20)
                if head[:4] == b"\x7fELF" and len(head) == 20:
                    yield _ELF_MACHINES.get(int.from_bytes(head[18:20], "little"), "another machine")


def _not_here(configuration: JSONObject, reason: str) -> Refused:
    return Refused("InvalidRuntimeException", f"The function {configuration['FunctionArn']} {reason}.")
