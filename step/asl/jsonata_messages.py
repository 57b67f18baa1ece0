"""What AWS says where a JSONata expression fails; the library words some faults in its own way.

Pure: no clock, no IO. AWS uses the reference implementation's texts, with the values in JSON.
"""

from __future__ import annotations

import json
import re

from step.jsonvalue import to_text

MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
STACK_EXCEEDED = (
    "Stack overflow error: Check for non-terminating recursive function. "
    "Consider rewriting as tail-recursive."
)
TIME_EXCEEDED = "Expression evaluation timeout: Check for infinite loop"

# Codes whose reference text names nothing.
_FIXED = {
    "T1006": "Attempted to invoke a non-function",
    "T1008": "Attempted to partially apply a non-function",
    "T2003": "The left side of the range operator (..) must evaluate to an integer",
    "T2004": "The right side of the range operator (..) must evaluate to an integer",
    "T2006": "The right side of the function application operator ~> must be a function",
    "D3138": "The $single() function expected exactly 1 matching result. Instead it matched more.",
    "D3139": "The $single() function expected exactly 1 matching result. Instead it matched 0.",
}
# Codes whose reference text ends in the value at fault, which the library's text ends in too.
_WITH_VALUE = {
    "D3030": "Unable to cast value to a number: ",
    "D3110": "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given ",
}
_SIDE = re.compile(r"(side of the) (\S+) (operator)")
_ARGUMENT = re.compile(r"[Aa]rgument (\d+)")
_CALL = re.compile(r"\$(\w+)\s*\(")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_TYPES = re.compile(r"array of \"?(\w+)")


def name_code(code: str | None) -> str | None:
    """Say under which code AWS reports a fault; its bounds have none."""
    return None if code == "U1001" else code


def word(code: str | None, message: str, text: str) -> str:
    """Put a fault of the library, in the expression ``text``, into AWS's words.

    AWS: public reports of causes, which follow the reference implementation's texts.
    """
    if code == "U1001":
        return TIME_EXCEEDED if "timeout" in message else STACK_EXCEEDED
    if code in _FIXED:
        return _FIXED[code]
    if code in _WITH_VALUE:
        return _WITH_VALUE[code] + _value(message.rpartition(": ")[2])
    if code in ("T0410", "T0411", "T0412"):
        return _argument(code, message, text)
    if code in ("T2001", "T2002"):
        return _SIDE.sub(lambda found: f'{found[1]} "{found[2]}" {found[3]}', message)
    return message


def _value(text: str) -> str:
    try:
        return to_text(json.loads(text))
    except ValueError:
        return to_text(text)


def _argument(code: str, message: str, text: str) -> str:
    # The library doesn't say which function it was: it is known where the expression calls only one.
    functions = set(_CALL.findall(_TEXT.sub("", text)))
    argument = _ARGUMENT.search(message)
    if argument is None or len(functions) != 1:
        return message
    of = f'argument {argument[1]} of function "{functions.pop()}"'
    if code == "T0411":
        return f"Context value is not a compatible type with {of}"
    if code == "T0412" and (types := _TYPES.search(message)):
        return f'{of[0].upper()}{of[1:]} must be an array of "{types[1]}"'
    return f"{of[0].upper()}{of[1:]} does not match function signature"
