"""What a package is for: a Lambda runtime and an architecture, or the interpreter that runs here.

Knows no package; reads this interpreter's tags only.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from step.errors import StepError

if TYPE_CHECKING:
    from packaging.tags import Tag

# The C library of each runtime's operating system: a wheel may ask for no newer one.
# AWS: Lambda developer guide, "Lambda runtimes": Amazon Linux 2 has glibc 2.26, Amazon Linux 2023 has 2.34.
RUNTIMES = {
    "python3.11": (2, 26),
    "python3.12": (2, 34),
    "python3.13": (2, 34),
    "python3.14": (2, 34),
}
# Lambda's name of an architecture, and the one in a wheel's platform tag.
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
# The names that manylinux had before it was a number.
_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTarget:
    """A runtime ("python3.13") and an architecture ("arm64").

    ``is_here``: packages are for the interpreter and the platform that run now, whichever they are.
    """

    runtime: str
    architecture: str
    is_here: bool = False

    @classmethod
    def from_names(cls, runtime: str, architecture: str) -> PackageTarget:
        """Take Lambda's names of both.

        Raises:
            StepError: Lambda has no such runtime for what step needs, or no such architecture.
        """
        if runtime not in RUNTIMES:
            raise StepError(f"--runtime {runtime}: expected one of {', '.join(RUNTIMES)}")
        if architecture not in ARCHITECTURES:
            raise StepError(f"--architecture {architecture}: expected one of {', '.join(ARCHITECTURES)}")
        return cls(runtime=runtime, architecture=architecture)

    @classmethod
    def here(cls) -> PackageTarget:
        """Describe the interpreter and the platform that run now."""
        return cls(runtime=_runtime_here(), architecture=_architecture_here(), is_here=True)

    @property
    def python(self) -> tuple[int, int]:
        """The version of Python as numbers: ``(3, 13)``."""
        major, minor = self.runtime.removeprefix("python").split(".")
        return int(major), int(minor)

    @property
    def runs_here(self) -> bool:
        """Say whether this interpreter can import what is built for the target."""
        same = self.runtime == _runtime_here() and self.architecture == _architecture_here()
        return self.is_here or (same and sys.platform == "linux")

    @property
    def tags(self) -> tuple[Tag, ...]:
        """The tags of wheels that run on the target, best first."""
        from packaging.tags import compatible_tags, cpython_tags, sys_tags

        if self.is_here:
            return tuple(sys_tags())
        version, platforms = self.python, list(self._platforms())
        interpreter = f"cp{version[0]}{version[1]}"
        return (
            *cpython_tags(version, abis=[interpreter], platforms=platforms),
            *compatible_tags(version, interpreter=interpreter, platforms=platforms),
        )

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags that the target takes, newest C library first; none for this machine."""
        return () if self.is_here else tuple(self._platforms())

    def _platforms(self) -> Iterator[str]:
        machine = ARCHITECTURES[self.architecture]
        major, newest = RUNTIMES[self.runtime]
        for minor in range(newest, _OLDEST_GLIBC[machine] - 1, -1):
            yield f"manylinux_{major}_{minor}_{machine}"
            if (major, minor) in _LEGACY:
                yield f"{_LEGACY[major, minor]}_{machine}"
        yield f"linux_{machine}"

    @property
    def environment(self) -> dict[str, str]:
        """The values of a requirement's markers on the target; for this machine none but its own."""
        if self.is_here:
            return {}
        version = ".".join(map(str, self.python))
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": ARCHITECTURES[self.architecture],
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture}{' (this machine)' if self.is_here else ''}"


def _runtime_here() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _architecture_here() -> str:
    machine = platform.machine().lower()
    return {"aarch64": "arm64", "amd64": "x86_64"}.get(machine, machine)
