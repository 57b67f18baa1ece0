"""Texts of policies against texts of requests: wildcards, policy variables, ARNs.

Pure: no clock, no IO.
AWS: IAM user guide, "IAM JSON policy elements: Resource", "IAM policy elements: Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

# A key of a request's context -> its value, or the values of a key that has several. Keys are in lower case.
Context = Mapping[str, str | Sequence[str]]
_VARIABLE = re.compile(r"\$\{([^},]+?)(?:\s*,\s*'([^']*)')?\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}
_SEGMENTS = 6


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    """Compile a pattern; what ``filled`` protected is itself."""
    pieces, is_literal = [], False
    for character in pattern:
        if is_literal or character not in "*?\0":
            pieces.append(re.escape(character))
            is_literal = False
        elif character == "\0":
            is_literal = True
        else:
            # Several in a row are one, which keeps the search short.
            wild = ".*" if character == "*" else "."
            if not (wild == ".*" and pieces and pieces[-1] == ".*"):
                pieces.append(wild)
    return re.compile("".join(pieces), re.DOTALL | (re.IGNORECASE if ignores_case else 0))


def is_like(text: str, pattern: str, *, ignores_case: bool = False) -> bool:
    """Say whether a text matches a pattern with ``*`` and ``?``."""
    return _compiled(pattern, ignores_case).fullmatch(text) is not None


def filled(pattern: str, context: Context, unknown: str | None = None) -> str | None:
    """Put the values of policy variables in, as they are.

    Args:
        unknown: What stands for a variable that has no single value; None: there is no text then.
    """
    if "${" not in pattern:
        return pattern
    has_all = True

    def value(found: re.Match[str]) -> str:
        nonlocal has_all
        key, default = found[1].strip(), found[2]
        known = _LITERALS.get(key) or context.get(key.lower(), default)
        if isinstance(known, str):
            return re.sub(r"([*?\0])", "\0\\1", known)
        has_all = has_all and unknown is not None
        return unknown or ""

    text = _VARIABLE.sub(value, pattern)
    return text if has_all else None


def plain(pattern: str) -> str:
    """Give a filled pattern as a text without wildcards."""
    return re.sub("\0(.)", r"\1", pattern, flags=re.DOTALL)


def is_resource(arn: str, pattern: str) -> bool:
    """Say whether a resource is meant by a policy's Resource.

    A wildcard stays within its segment of the ARN; the last one holds colons. AWS completes an incomplete
    ARN with wildcards.
    """
    if pattern == "*":
        return True
    if arn == "*":
        return False
    return _match_segments(arn, pattern, ["*"] * _SEGMENTS)


def is_arn_like(arn: str, pattern: str) -> bool:
    """Compare ARNs as ArnLike and ArnEquals do, which are the same."""
    return _match_segments(arn, pattern, [])


def _match_segments(arn: str, pattern: str, more: list[str]) -> bool:
    parts, wanted = arn.split(":", _SEGMENTS - 1), pattern.split(":", _SEGMENTS - 1)
    wanted += more[len(wanted) :]
    if len(parts) != _SEGMENTS or len(wanted) != _SEGMENTS:
        return False
    return all(is_like(part, want) for part, want in zip(parts, wanted, strict=True))
