"""Policies as values: what a JSON policy document says, statement by statement.

Pure: no clock, no IO. AWS: IAM user guide, "IAM JSON policy element reference".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from step.errors import StepError
from step.iam.conditions import PolicyCondition, conditions_from_json
from step.iam.patterns import Context, filled, is_like, is_resource

_WITH_VARIABLES = "2012-10-17"
_ELEMENTS = frozenset(
    {
        *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
        *("Resource", "NotResource", "Condition"),
    }
)


class InvalidPolicy(StepError):  # noqa: N818 - reads as the sentence it is
    """A document that IAM would refuse as malformed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement.

    ``is_other_action``: it has NotAction; likewise for resources and principals. Without a Resource, as in a
    role's trust policy, it is about the resource that it is attached to. ``principals``: (type, value), None
    where it names none, as in policies of identities.
    """

    sid: str
    is_deny: bool
    actions: tuple[str, ...]
    is_other_action: bool
    resources: tuple[str, ...] | None
    is_other_resource: bool
    principals: tuple[tuple[str, str], ...] | None
    is_other_principal: bool
    conditions: tuple[PolicyCondition, ...]
    has_variables: bool

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Say whether it is about an action on a resource in a context; whoever asks."""
        named = any(is_like(action, pattern, ignores_case=True) for pattern in self.actions)
        if named == self.is_other_action:
            return False
        if self.resources is not None and not self._is_about(resource, self.resources, context):
            return False
        return all(condition.holds(context) for condition in self.conditions)

    def _is_about(self, resource: str, names: tuple[str, ...], context: Context) -> bool:
        # A variable without a value names nothing, and may be any of those that are left out.
        unknown = "*" if self.is_other_resource else None
        patterns = (filled(text, context, unknown) if self.has_variables else text for text in names)
        found = any(is_resource(resource, pattern) for pattern in patterns if pattern is not None)
        return found != self.is_other_resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy document."""

    statements: tuple[Statement, ...]

    @classmethod
    def from_json(cls, document: str | Mapping[str, Any]) -> Policy:
        """Read a document.

        Raises:
            InvalidPolicy: IAM would refuse it.
        """
        try:
            value = json.loads(document) if isinstance(document, str) else document
        except ValueError as error:
            raise InvalidPolicy(f"no JSON: {error}") from error
        if not isinstance(value, Mapping) or "Statement" not in value:
            raise InvalidPolicy("a policy is an object with a Statement")
        version = str(value.get("Version", "2008-10-17"))
        return cls(
            statements=tuple(
                _statement(number, item, version) for number, item in enumerate(_listed(value["Statement"]))
            )
        )

    def denies(self, action: str, resource: str, context: Context) -> bool:
        """Say whether a statement denies; whoever asks."""
        return any(one.is_deny and one.applies(action, resource, context) for one in self.statements)

    def allows(self, action: str, resource: str, context: Context) -> bool:
        """Say whether a statement allows; whoever asks, and whatever others deny."""
        return any(not one.is_deny and one.applies(action, resource, context) for one in self.statements)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statement(number: int, item: Any, version: str) -> Statement:
    where = f"Statement[{number}]"
    if not isinstance(item, Mapping):
        raise InvalidPolicy(f"{where}: expected an object")
    if unknown := sorted(set(item) - _ELEMENTS):
        raise InvalidPolicy(f"{where}: no such element: {', '.join(unknown)}")
    if item.get("Effect") not in ("Allow", "Deny"):
        raise InvalidPolicy(f"{where}: Effect is Allow or Deny; found {item.get('Effect')!r}")
    for name in ("Action", "Resource", "Principal"):
        if name in item and f"Not{name}" in item:
            raise InvalidPolicy(f"{where}: {name} and Not{name} exclude each other")
    actions = _listed(item.get("Action", item.get("NotAction", [])))
    if not actions:
        raise InvalidPolicy(f"{where}: no Action")
    resources = item.get("Resource", item.get("NotResource"))
    conditions = conditions_from_json(item.get("Condition") or {})
    if strange := [one.operator for one in conditions if not one.is_known]:
        raise InvalidPolicy(f"{where}: no such condition operator: {', '.join(strange)}")
    principal = item.get("Principal", item.get("NotPrincipal"))
    return Statement(
        sid=str(item.get("Sid", "")),
        is_deny=item["Effect"] == "Deny",
        actions=tuple(str(action) for action in actions),
        is_other_action="NotAction" in item,
        resources=None if resources is None else tuple(str(one) for one in _listed(resources)),
        is_other_resource="NotResource" in item,
        principals=None if principal is None else _principals(principal),
        is_other_principal="NotPrincipal" in item,
        conditions=conditions,
        has_variables=version == _WITH_VARIABLES,
    )


def _principals(value: Any) -> tuple[tuple[str, str], ...]:
    if value == "*":
        return (("*", "*"),)
    if not isinstance(value, Mapping):
        raise InvalidPolicy(f'a Principal is "*" or an object; found {value!r}')
    return tuple((str(kind), str(name)) for kind, names in value.items() for name in _listed(names))
