"""A root configuration in a folder of its own, as Terraform runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_UNCHANGED = (["no-op"], ["read"])


@dataclass(frozen=True)
class Root:
    """A folder with Terraform's files; ``environment`` is that of every command."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def from_files(cls, folder: Path, *files: Path, environment: Mapping[str, str] | None = None) -> Root:
        """Copy the modules and some files into a folder, and make it ready.

        Args:
            environment: Variables beside this process's own, of which AWS's are left out.
        """
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(
            ROOT / "modules", folder / "modules", ignore=shutil.ignore_patterns(".terraform*", "tests")
        )
        for file in files:
            shutil.copy(file, folder)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        root = cls(folder, {**inherited, **(environment or {})})
        root.run("init", "-input=false")
        return root

    def run(self, *words: str) -> str:
        """Run a command of Terraform's that has to succeed; give what it printed."""
        done = subprocess.run(
            [str(ROOT / "scripts" / "tf"), f"-chdir={self.folder}", words[0], "-no-color", *words[1:]],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"terraform {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def changes(self, *options: str) -> dict[str, list[str]]:
        """Plan; give what would be done, by address."""
        self.run("plan", "-input=false", "-out=plan", *options)
        plan: dict[str, Any] = json.loads(self.run("show", "-json", "plan"))
        return {
            change["address"]: change["change"]["actions"]
            for change in plan.get("resource_changes", [])
            if change["change"]["actions"] not in _UNCHANGED
        }

    def apply(self, *options: str) -> None:
        """Bring everything to what the files say, or to what a saved plan says."""
        self.run("apply", "-input=false", "-auto-approve", *options)

    def destroy(self, *options: str) -> None:
        """Take everything away."""
        self.run("destroy", "-input=false", "-auto-approve", *options)

    def outputs(self) -> dict[str, Any]:
        """Give the outputs by name."""
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json")).items()}
