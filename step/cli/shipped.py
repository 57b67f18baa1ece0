"""Find the repository's own files that the wheel carries too: the bread, templates of projects, modules.

They aren't there twice: in a clone they are where the repository has them, in the wheel in ``step/shipped``.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from step.errors import StepError


def shipped(name: str) -> Path:
    """Find a file or folder by its path in the repository.

    Raises:
        StepError: neither the wheel nor a clone has it.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "shipped" / name, package.parent / name):
        if place.exists():
            return place
    raise StepError(f"{name}: isn't part of this installation of step; install slowcode's wheel")


def installed_version() -> str:
    """Say which version of the distribution this is; 0 where its files alone are here."""
    try:
        return version("slowcode")
    except PackageNotFoundError:
        return "0"
