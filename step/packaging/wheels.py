"""The locked wheels that a function needs: read from a lock, fetched by pip, checked, chosen by import.

Runs pip for what the cache doesn't hold; knows no handler and no zip.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from step.errors import StepError
from step.packaging.target import PackageTarget

_LOCKED = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))?(?P<hashes>(?: --hash=\S+)+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRequirement:
    """One line of a lock: a distribution, its only version, and the SHA-256 of each file it may be."""

    name: str
    version: str
    hashes: frozenset[str]
    line: str


@dataclass(frozen=True)
class Wheel:
    """A wheel whose hash is in the lock and whose tags fit the target."""

    file: Path
    name: str
    version: str

    @cached_property
    def contents(self) -> Mapping[str, bytes]:
        """The files that installing it would put on the path; no scripts, headers or records."""
        with zipfile.ZipFile(self.file) as archive:
            return {
                name: archive.read(name)
                for name in archive.namelist()
                if not name.endswith(("/", ".dist-info/RECORD"))
            }

    @property
    def top_level(self) -> set[str]:
        """The names that can be imported from it."""
        parts = (Path(name).parts for name in self.contents)
        firsts = {path[0] for path in parts if not path[0].endswith((".dist-info", ".data"))}
        return {first.split(".")[0] for first in firsts}

    def requires(self, environment: Mapping[str, str]) -> set[str]:
        """Name the distributions that it needs where markers have these values."""
        (metadata,) = (name for name in self.contents if name.endswith(".dist-info/METADATA"))
        headers = BytesParser().parsebytes(self.contents[metadata])
        wanted = map(Requirement, headers.get_all("Requires-Dist", []))
        return {str(canonicalize_name(one.name)) for one in wanted if _holds(one.marker, environment)}


class WheelHouse:
    """The wheels of a lock for one target, kept in a folder."""

    def __init__(self, lock: Path, cache: Path, target: PackageTarget) -> None:
        self._lock = lock
        self._cache = cache
        self._target = target

    def for_imports(self, foreign: Mapping[str, Path], provided: Iterable[str]) -> list[Wheel]:
        """Choose the wheels behind imported names, with everything that these need in turn.

        Args:
            foreign: Top-level names, and the file that imports each.
            provided: The names that the runtime has by itself.

        Raises:
            StepError: a name that no locked wheel has, or a wheel that can't be had or doesn't fit.
        """
        wanted = {name: file for name, file in foreign.items() if name not in set(provided)}
        if not wanted:
            return []
        owners = {name: wheel for wheel in self._wheels.values() for name in wheel.top_level}
        missing = sorted(set(wanted) - set(owners))
        if missing:
            raise StepError(
                f"{wanted[missing[0]]}: imports {missing[0]}, which neither the Lambda runtime has nor "
                f"{self._lock} locks; add its distribution to the extra lambda and run make lock"
            )
        return self._closure({owners[name].name for name in wanted})

    def _closure(self, names: set[str]) -> list[Wheel]:
        chosen: dict[str, Wheel] = {}
        waiting = sorted(names)
        while waiting:
            name = waiting.pop()
            if name in chosen:
                continue
            if name not in self._wheels:
                raise StepError(f"{self._lock}: {name} is needed and not locked; run make lock")
            chosen[name] = self._wheels[name]
            waiting.extend(chosen[name].requires(self._target.environment))
        return [chosen[name] for name in sorted(chosen)]

    @cached_property
    def _wheels(self) -> dict[str, Wheel]:
        locked = read_lock(self._lock, self._target.environment)
        found = {one.name: self._find(one) for one in locked}
        lacking = [one for one in locked if found[one.name] is None]
        if lacking:
            self._download(lacking)
            found |= {one.name: self._find(one) for one in lacking}
        unfit = [one for one in locked if found[one.name] is None]
        if unfit:
            raise StepError(f"{unfit[0].name} {unfit[0].version}: no wheel of the lock fits {self._target}")
        return {name: wheel for name, wheel in found.items() if wheel is not None}

    def _find(self, wanted: LockedRequirement) -> Wheel | None:
        """Look into the cache for a wheel that the lock knows and the target takes."""
        ranks = {tag: rank for rank, tag in enumerate(self._target.tags)}
        fitting: list[tuple[int, Path]] = []
        for file in sorted(self._cache.glob("*.whl")):
            name, version, _, tags = parse_wheel_filename(file.name)
            if (name, str(version)) != (wanted.name, wanted.version):
                continue
            best = min((ranks[tag] for tag in tags if tag in ranks), default=None)
            if best is not None and hashlib.sha256(file.read_bytes()).hexdigest() in wanted.hashes:
                fitting.append((best, file))
        return Wheel(min(fitting)[1], wanted.name, wanted.version) if fitting else None

    def _download(self, lacking: list[LockedRequirement]) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest", str(self._cache)]
        with tempfile.TemporaryDirectory(prefix="step-lock-") as folder:
            lock = Path(folder, "lacking.txt")
            lock.write_text("".join(f"{one.line}\n" for one in lacking), encoding="utf-8")
            command += ["--requirement", str(lock), *self._platform_arguments()]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
            reason = errors[-1].removeprefix("ERROR: ") if errors else "pip failed"
            raise StepError(f"{self._lock}: no wheels for {self._target}: {reason}")

    def _platform_arguments(self) -> list[str]:
        if self._target.is_here:
            return []
        major, minor = self._target.python
        arguments = ["--implementation", "cp", "--python-version", f"{major}.{minor}"]
        for abi in (f"cp{major}{minor}", "abi3", "none"):
            arguments += ["--abi", abi]
        for platform in self._target.platforms:
            arguments += ["--platform", platform]
        return arguments


def read_lock(file: Path, environment: Mapping[str, str]) -> list[LockedRequirement]:
    """Read the requirements of a lock that hold where markers have these values.

    Raises:
        StepError: the lock isn't there, or a line isn't one version with its hashes.
    """
    if not file.is_file():
        raise StepError(f"{file}: no such lock; make lock writes it")
    return list(_locked(file, environment))


def _locked(file: Path, environment: Mapping[str, str]) -> Iterator[LockedRequirement]:
    text = file.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for joined in "\n".join(kept).replace("\\\n", " ").splitlines():
        line = " ".join(joined.split())
        if not line:
            continue
        found = _LOCKED.fullmatch(line)
        if found is None:
            raise StepError(f"{file}: expected NAME==VERSION with hashes, found {line[:60]!r}")
        if found["marker"] and not _holds(Marker(found["marker"]), environment):
            continue
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", found["hashes"]))
        name = str(canonicalize_name(found["name"]))
        yield LockedRequirement(name=name, version=found["version"], hashes=hashes, line=line)


def _holds(marker: Marker | None, environment: Mapping[str, str]) -> bool:
    return marker is None or marker.evaluate({**environment, "extra": ""})
