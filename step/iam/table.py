"""AWS's actions, what they are about and which condition keys they know: ``actions.json``.

Reads that file, its own, once; nothing else. ``scripts/iam_table.py`` makes it; it names its source and date.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

# The condition keys that every request may have. IAM user guide, "AWS global condition context keys".
_GLOBAL = "aws:"
_TAGS = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")


class ActionEntry(NamedTuple):
    """An action: its access level's first letter (List, Read, Write, Tagging, Permissions), what it's about.

    ``types``: the names of resource types; ``required``: those that a policy has to name.
    """

    level: str
    types: tuple[str, ...]
    required: frozenset[str]
    keys: frozenset[str]


class ResourceType(NamedTuple):
    """A type of resources: the form of their ARNs, with variables, and their condition keys."""

    arn: str
    keys: frozenset[str]

    def is_like(self, arn: str) -> bool:
        """Say whether an ARN has this form."""
        return _form(self.arn).fullmatch(arn) is not None


class ServiceActions(NamedTuple):
    """The actions of one service. ``lists``: the condition keys that have several values."""

    prefix: str
    actions: dict[str, ActionEntry]
    resources: dict[str, ResourceType]
    lists: frozenset[str]

    def knows_key(self, action: str, key: str) -> bool:
        """Say whether requests of an action have a condition key, in lower case.

        Global keys are everybody's, but for those of tags.
        """
        if key.startswith(_GLOBAL) and not key.startswith(_TAGS):
            return True
        entry = self.actions.get(action)
        if entry is None:
            return False
        known = entry.keys.union(
            *(self.resources[name].keys for name in entry.types if name in self.resources)
        )
        return key in known or any(one.endswith("/") and key.startswith(one) for one in known)


@lru_cache(maxsize=1)
def _rows() -> dict[str, Any]:
    text = files("step.iam").joinpath("actions.json").read_text(encoding="utf-8")
    rows: dict[str, Any] = json.loads(text)
    return rows


def about() -> dict[str, str]:
    """Say where the table comes from: source, license and date."""
    return {name: _rows()[""][name] for name in ("source", "license", "date")}


def prefix_of_integration(service: str) -> str:
    """Give IAM's prefix of a service by its name in SDK integrations ("sfn", "cloudwatchlogs")."""
    return str(_rows()[""]["sdk"].get(service, service))


def prefix_of_signature(service: str) -> str:
    """Give IAM's prefix of a service by the name that its requests are signed with ("monitoring")."""
    return str(_rows()[""]["signing"].get(service, service))


@lru_cache(maxsize=512)
def service_actions(prefix: str) -> ServiceActions:
    """Give the actions of a service; of one that isn't known, none."""
    row = _rows().get(prefix) or {"actions": {}, "resources": {}, "lists": ""}
    return ServiceActions(
        prefix,
        {name: _entry(text, prefix) for name, text in row["actions"].items()},
        {name: _resource_type(text, prefix) for name, text in row["resources"].items()},
        _keys(row["lists"], prefix),
    )


def _entry(text: str, prefix: str) -> ActionEntry:
    level, types, keys = text.split("|")
    named = types.split(",") if types else []
    plain = tuple(name.rstrip("!") for name in named)
    return ActionEntry(level, plain, frozenset(n[:-1] for n in named if n.endswith("!")), _keys(keys, prefix))


def _resource_type(text: str, prefix: str) -> ResourceType:
    arn, _, keys = text.rpartition("|")
    return ResourceType("arn:${Partition}:" + arn, _keys(keys, prefix))


def _keys(text: str, prefix: str) -> frozenset[str]:
    return frozenset((prefix + key if key.startswith(":") else key).lower() for key in text.split())


@lru_cache(maxsize=4096)
def _form(arn: str) -> re.Pattern[str]:
    """Make a pattern of an ARN's form; where colons part a resource, its variables hold none."""
    value = "[^:]+" if ":" in arn.split(":", 5)[5] else ".+"
    parts = re.split(r"(\$\{\w+\})", arn)
    wild = {"${Partition}": "aws[^:]*", "${Region}": "[^:]*", "${Account}": "[^:]*"}
    return re.compile(
        "".join(wild.get(p, value if p.startswith("${") else re.escape(p)) for p in parts), re.DOTALL
    )
