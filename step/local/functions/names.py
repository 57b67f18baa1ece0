"""Names of Lambda functions: the four ways to write one, and the ARNs of what belongs to it.

Pure. AWS: Lambda API reference, "FunctionName".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from step.errors import Refused
from step.jsonvalue import JSONObject

LATEST = "$LATEST"
_NAME = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_-]{1,64})"
    r"(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]{1,128}))?"
)
_LAYER = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):(?P<account>\d{12}):layer:)?"
    r"(?P<name>[a-zA-Z0-9_-]{1,140})(?::(?P<version>\d+))?"
)


class Owner(NamedTuple):
    """Whose: an account in a region."""

    account: str
    region: str

    @property
    def arn(self) -> str:
        """The beginning of every ARN of Lambda's there."""
        return f"arn:{partition_of(self.region)}:lambda:{self.region}:{self.account}"


class Owned(NamedTuple):
    """Whose a resource is, its policy as JSON, and its tags: what permissions ask about it."""

    account: str
    policy: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})


class FunctionName(NamedTuple):
    """A function, perhaps with a qualifier: a version, an alias or ``$LATEST``."""

    owner: Owner
    name: str
    qualifier: str | None = None

    @classmethod
    def from_text(cls, text: str, owner: Owner) -> FunctionName:
        """Read any of the four ways; what isn't said is the caller's.

        Raises:
            Refused: it is none of them.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            raise Refused(
                "ValidationException",
                f"1 validation error detected: Value '{text[:170]}' at 'functionName' failed to satisfy"
                " constraint: Member must satisfy regular expression pattern: "
                r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
                r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
            )
        account, region = found["account"] or owner.account, found["region"] or owner.region
        return cls(Owner(account, region), found["name"], found["qualifier"])

    def qualified(self, qualifier: str | None) -> FunctionName:
        """Join with a qualifier that was given apart.

        Raises:
            Refused: another one is in the name already.
        """
        if not qualifier:
            return self
        if self.qualifier and self.qualifier != qualifier:
            raise Refused(
                "InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
            )
        return self._replace(qualifier=qualifier)

    @property
    def function_arn(self) -> str:
        """The function's own ARN, without a qualifier."""
        return f"{self.owner.arn}:function:{self.name}"

    @property
    def arn(self) -> str:
        """The ARN as it was asked for."""
        return f"{self.function_arn}:{self.qualifier}" if self.qualifier else self.function_arn


def named(owner: Owner, asked: JSONObject) -> FunctionName:
    """Name the function that a request means, with its qualifier.

    Raises:
        Refused: it is no function's name.
    """
    qualifier = asked.get("Qualifier")
    found = FunctionName.from_text(str(asked["FunctionName"]), owner)
    return found.qualified(None if qualifier is None else str(qualifier))


class LayerName(NamedTuple):
    """A layer, perhaps with a version."""

    owner: Owner
    name: str
    version: str | None = None

    @classmethod
    def from_text(cls, text: str, owner: Owner) -> LayerName:
        """Read a layer's name or ARN.

        Raises:
            Refused: it is neither.
        """
        found = _LAYER.fullmatch(text)
        if found is None:
            raise Refused("ValidationException", f"'{text[:200]}' is neither a layer's name nor its ARN")
        where = Owner(found["account"] or owner.account, found["region"] or owner.region)
        return cls(where, found["name"], found["version"])

    @property
    def arn(self) -> str:
        """The layer's ARN, without a version."""
        return f"{self.owner.arn}:layer:{self.name}"


def partition_of(region: str) -> str:
    """Say which part of AWS a region is in."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
