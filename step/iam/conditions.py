"""The Condition of a policy's statement: operators on the keys of a request's context.

Pure: no clock, no IO.
AWS: IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from step.iam.patterns import Context, filled, is_arn_like, is_like, plain

# (the context's value, the policy's, with variables filled in) -> whether it holds
_Test = Callable[[str, str], bool]
_ANY, _ALL = "ForAnyValue", "ForAllValues"


class ConditionOperator(NamedTuple):
    """An operator without its affixes; ``is_negated``: it holds where none of the values matches."""

    test: _Test
    is_negated: bool = False


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _moment(text: str) -> float:
    """Read a date, or seconds since 1970; what is none compares with nothing."""
    if not math.isnan(number := _number(text)):
        return number
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(text: str, network: str) -> bool:
    try:
        return ip_address(text) in ip_network(plain(network), strict=False)
    except ValueError:
        return False


def _equals(text: str, wanted: str) -> bool:
    return text == plain(wanted)


def _equals_in_any_case(text: str, wanted: str) -> bool:
    return text.lower() == plain(wanted).lower()


def _ordered(read: Callable[[str], float]) -> dict[str, ConditionOperator]:
    def of(compare: Callable[[float, float], bool]) -> ConditionOperator:
        return ConditionOperator(lambda text, wanted: compare(read(text), read(plain(wanted))))

    equals = of(lambda left, right: left == right)
    return {
        "Equals": equals,
        "NotEquals": equals._replace(is_negated=True),
        "LessThan": of(lambda left, right: left < right),
        "LessThanEquals": of(lambda left, right: left <= right),
        "GreaterThan": of(lambda left, right: left > right),
        "GreaterThanEquals": of(lambda left, right: left >= right),
    }


_ARN = ConditionOperator(is_arn_like)
_STRING = ConditionOperator(_equals)
_ANY_CASE = ConditionOperator(_equals_in_any_case)
_LIKE = ConditionOperator(is_like)
_ADDRESS = ConditionOperator(_in_network)
_OPERATORS = {
    "ArnEquals": _ARN,
    "ArnLike": _ARN,
    "ArnNotEquals": _ARN._replace(is_negated=True),
    "ArnNotLike": _ARN._replace(is_negated=True),
    "BinaryEquals": _STRING,
    "Bool": _ANY_CASE,
    "IpAddress": _ADDRESS,
    "NotIpAddress": _ADDRESS._replace(is_negated=True),
    "StringEquals": _STRING,
    "StringEqualsIgnoreCase": _ANY_CASE,
    "StringLike": _LIKE,
    "StringNotEquals": _STRING._replace(is_negated=True),
    "StringNotEqualsIgnoreCase": _ANY_CASE._replace(is_negated=True),
    "StringNotLike": _LIKE._replace(is_negated=True),
    **{f"Numeric{name}": operator for name, operator in _ordered(_number).items()},
    **{f"Date{name}": operator for name, operator in _ordered(_moment).items()},
}
_BY_NAME = {name.lower(): operator for name, operator in _OPERATORS.items()}
OPERATORS = frozenset({*_OPERATORS, "Null"})


class PolicyCondition(NamedTuple):
    """One operator on one key. ``quantifier``: ForAnyValue, ForAllValues or ""."""

    quantifier: str
    operator: str
    key: str
    values: tuple[str, ...]
    if_exists: bool

    @classmethod
    def from_json(cls, operator: str, key: str, values: Sequence[str]) -> PolicyCondition:
        """Read one; ``operator`` with its affixes."""
        head, _, tail = operator.rpartition(":")
        name = tail.removesuffix("IfExists")
        return cls(head, name.lower(), key.lower(), tuple(values), name != tail)

    @property
    def is_known(self) -> bool:
        """Whether IAM has such an operator."""
        names = {name.lower() for name in OPERATORS}
        return self.operator in names and self.quantifier in ("", _ANY, _ALL)

    def holds(self, context: Context) -> bool:
        """Say whether it holds for a request's context."""
        found = context.get(self.key)
        if self.operator == "null":
            is_absent = found is None or found == () or found == []
            return any((value.lower() == "true") == is_absent for value in self.values)
        operator = _BY_NAME[self.operator]
        if self.quantifier:
            return self._holds_of_set(operator, found, context)
        if found is None:
            return self.if_exists or operator.is_negated
        if not isinstance(found, str):
            # What has several values wants an operator for sets; a single-valued one never holds.
            return False
        return self._matches(operator, found, context) != operator.is_negated

    def _holds_of_set(
        self, operator: ConditionOperator, found: str | Sequence[str] | None, context: Context
    ) -> bool:
        values = [found] if isinstance(found, str) else list(found or ())
        if not values:
            return self.quantifier == _ALL or self.if_exists
        agree = (self._matches(operator, value, context) != operator.is_negated for value in values)
        return all(agree) if self.quantifier == _ALL else any(agree)

    def _matches(self, operator: ConditionOperator, value: str, context: Context) -> bool:
        wanted = (filled(text, context) for text in self.values)
        return any(operator.test(value, text) for text in wanted if text is not None)


def conditions_from_json(block: Mapping[str, Mapping[str, object]]) -> tuple[PolicyCondition, ...]:
    """Read a statement's Condition; a value may be a text, a number, a boolean, or a list of them."""
    return tuple(
        PolicyCondition.from_json(operator, key, _texts(values))
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def _texts(values: object) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]
