"""What a project comes to: its machines, and the functions that their tasks call.

Pure: no clock, no IO.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from step.asl.source import Source
from step.errors import StepError
from step.jsonvalue import JSONObject

# What CDK puts behind the name that somebody chose.
_CDK_HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectMachine:
    """A machine as a project has it.

    ``key`` is what the project calls it (a logical id, a Terraform address), ``name`` what AWS will, ``path``
    what its constructs are called in CDK.
    ``file`` is where the definition stands: what its problems' lines count in.
    """

    key: str
    name: str
    file: Path
    source: Source
    type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFunction:
    """A Lambda function as a project has it.

    ``folders`` hold its code and its layers, in the order in which they are searched; ``inline`` is code
    that stands in the template. ``missing`` says why there is no code here; "" where there is.
    """

    key: str
    name: str
    arn: str
    runtime: str = ""
    handler: str = ""
    folders: tuple[Path, ...] = ()
    inline: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    @property
    def is_python(self) -> bool:
        return self.runtime.startswith("python")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectResource:
    """A table, a queue, a rule or another resource beside them; ``properties`` are CloudFormation's."""

    type: str
    key: str
    name: str
    properties: JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a project has; ``notes`` say what could not be known, a sentence each.

    A definition that stands alone in its file is no project: nothing else is known of it.
    """

    file: Path
    machines: tuple[ProjectMachine, ...]
    functions: tuple[ProjectFunction, ...] = ()
    resources: tuple[ProjectResource, ...] = ()
    notes: tuple[str, ...] = ()
    is_project: bool = True

    def machine(self, name: str | None = None) -> ProjectMachine:
        """Find a machine by its key, by what AWS calls it, or by what CDK or Terraform was told.

        Raises:
            StepError: there is none, or more than one.
        """
        called = [f"{self.file}#{machine.key}" for machine in self.machines]
        if not called:
            raise StepError(f"{self.file}: no state machine in it")
        found = self.machines if name is None else self._called(name)
        if len(found) == 1:
            return found[0]
        if name is None or found:
            raise StepError(f"{self.file}: {len(called)} machines; name one: {', '.join(called)}")
        keys = [machine.key for machine in self.machines]
        near = difflib.get_close_matches(name, keys, n=1, cutoff=0.5)
        hint = f" (did you mean {near[0]}?)" if near else f"; it has {', '.join(keys)}"
        raise StepError(f"{self.file}: no machine {name!r}{hint}")

    def _called(self, name: str) -> tuple[ProjectMachine, ...]:
        for matches in (_is_key, _is_name, _is_short):
            found = tuple(machine for machine in self.machines if matches(machine, name))
            if found:
                return found
        return ()


def _is_key(machine: ProjectMachine, name: str) -> bool:
    return machine.key == name


def _is_name(machine: ProjectMachine, name: str) -> bool:
    return machine.name == name


def _is_short(machine: ProjectMachine, name: str) -> bool:
    """Say whether a name is a key without CDK's hash, the stack before it, or Terraform's type."""
    last = re.split(r"[/.]", machine.key)[-1]
    return name in (last, _CDK_HASH.sub("", last), machine.path, machine.path.rpartition("/")[2])
