"""What is told of a failure: the message inside a Lambda's JSON, without what looks like a secret.

Pure: no clock, no IO.
"""

from __future__ import annotations

import json
import re

_MASK = "***"
_KEYS = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_BLOCKS = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_ADDRESSES = re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@")
_NAMED = re.compile(
    r"(?i)([\"']?[\w-]*(?:password|passwd|secret|token|api[_-]?key|credential|authorization)[\w-]*[\"']?"
    r"\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|(?:Bearer |Basic )?[^\s,;&}\"']+)"
)
# A cause holds 32 Ki characters.
_LONGEST = 20_000


def redact(text: str) -> str:
    """Mask what looks like a credential: AWS's keys, private keys, passwords in addresses and assignments."""
    text = _BLOCKS.sub(_MASK, text[:_LONGEST])
    text = _ADDRESSES.sub(rf"\1{_MASK}@", _KEYS.sub(_MASK, text))
    return _NAMED.sub(rf"\1{_MASK}", text)


def message_of(cause: str) -> str:
    """Take the message out of the JSON that Lambda makes of an exception; another cause is the message."""
    try:
        inner = json.loads(cause)
    except ValueError:
        return cause
    message = inner.get("errorMessage") if isinstance(inner, dict) else None
    return message if isinstance(message, str) and message else cause


# What an error is called that isn't the deployer's own saying, nor AWS's: its code is broken, or isn't there.
_BROKEN = re.compile(
    r"(Runtime\.(ImportModuleError|HandlerNotFound|UserCodeSyntaxError|MalformedHandlerName|ExitError)"
    r"|[A-Z][A-Za-z]*Error)"
)
_OURS = frozenset({"DecodeError", "DefinitionError", "StepError"})


def is_of_a_broken_deployer(name: str) -> bool:
    """Whether an error's name says that the deployer itself is broken, and not what it deploys."""
    return name not in _OURS and _BROKEN.fullmatch(name) is not None


def repair(deployer: str) -> str:
    """Write what leads a broken deployer back to the version before."""
    return f"step bootstrap -deployer {deployer} --back"
