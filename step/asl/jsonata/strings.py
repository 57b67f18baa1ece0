"""JSONata's functions over texts and patterns.

Pure: no clock, no IO. Characters are Unicode's, as in JSONata; a text's size is counted before it is made.
Spec: JSONata documentation, "String functions", "Using Regular Expressions".
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from step.asl.jsonata.environment import Evaluation, call
from step.asl.jsonata.values import UNDEFINED, JsonataFault, JsonataFunction, Native, Sequence, is_number
from step.asl.jsonata.writing import write
from step.asl.regex import Regex

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_URL = ";,/?:@&=+$-_.!~*'()#"
_COMPONENT = "-_.!~*'()"


class Pattern(Native):
    """A regular expression, which is a function from a text to its first match."""

    __slots__ = ("regex",)

    def __init__(self, regex: Regex) -> None:
        super().__init__("regex", self._match, None, 1, frames=4)
        self.regex = regex

    def _match(self, run: Evaluation, _value: Any, *arguments: Any) -> Any:
        text = arguments[0] if arguments else UNDEFINED
        return self._from(run, text, 0) if isinstance(text, str) else UNDEFINED

    def _from(self, run: Evaluation, text: str, start: int) -> Any:
        found = next(_matches_of(run, self, text, start), None)
        if found is None:
            return UNDEFINED
        end = found.end
        return {
            "match": found.text,
            "start": found.start,
            "end": end,
            "groups": list(found.groups),
            "next": Native("next", lambda run, _value, *_: self._from(run, text, end), None, 0, frames=4),
        }


class _Found(NamedTuple):
    text: str
    start: int
    end: int
    groups: tuple[str, ...]


def pattern_function(regex: Regex) -> Native:
    """Give what a pattern between slashes stands for."""
    return Pattern(regex)


def _matches_of(run: Evaluation, pattern: Pattern, text: str, start: int = 0) -> Iterator[_Found]:
    while start <= len(text):
        found = pattern.regex.search(text, start, run)
        if found is None:
            return
        if found.end == found.start:
            raise JsonataFault("D1004", "Regular expression matches zero length string")
        run.make_text(found.end - found.start)
        groups = tuple("" if group is None else group for group in found.groups)
        yield _Found(text[found.start : found.end], found.start, found.end, groups)
        start = found.end
        if start >= len(text):
            return


def _matches(run: Evaluation, matcher: Any, text: str) -> Iterator[_Found]:
    """Give the matches of a pattern, or of a function that follows the protocol of one."""
    if isinstance(matcher, Pattern):
        yield from _matches_of(run, matcher, text)
        return
    found = call(run, matcher, [text], UNDEFINED)
    while found is not UNDEFINED and found is not None:
        if not _is_match(found):
            message = "The matcher function argument must return an object with match, start, end and next"
            raise JsonataFault("T1010", message)
        groups = found.get("groups", [])
        yield _Found(found["match"], int(found["start"]), int(found["end"]), tuple(groups))
        found = call(run, found["next"], [], UNDEFINED)


def _is_match(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    places = is_number(found.get("start")) and is_number(found.get("end"))
    has_groups = isinstance(found.get("groups"), list)
    return (
        places
        and has_groups
        and isinstance(found.get("match"), str)
        and isinstance(found.get("next"), JsonataFunction)
    )


# ---------------------------------------------------------------- simple ones


def _string(run: Evaluation, _value: Any, value: Any, is_pretty: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return write(value, run, is_pretty=is_pretty is True)


def _substring(run: Evaluation, _value: Any, text: Any, start: Any, length: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    size = len(text)
    first = math.floor(start) if start is not UNDEFINED else 0
    if size + first < 0:
        first = 0
    begin = max(0, size + first) if first < 0 else first
    if length is not UNDEFINED:
        if length <= 0:
            return ""
        last = begin + math.ceil(length)
    else:
        last = size
    run.make_text(max(0, min(size, last) - begin))
    return text[begin:last]


def _before(run: Evaluation, _value: Any, text: Any, letters: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    return text.partition(_letters(letters))[0] if _letters(letters) else ""


def _after(run: Evaluation, _value: Any, text: Any, letters: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    found = text.find(_letters(letters))
    return text if found < 0 else text[found + len(_letters(letters)) :]


def _letters(text: Any) -> str:
    return "undefined" if text is UNDEFINED else str(text)


def _lowercase(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    return text.lower()


def _uppercase(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(2 * len(text))
    return text.upper()


def _length(_run: Evaluation, _value: Any, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else len(text)


def _trim(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    run.touch(len(text))
    unified = text.translate({9: 32, 10: 32, 13: 32})
    return " ".join(part for part in unified.split(" ") if part)


def _pad(run: Evaluation, _value: Any, text: Any, width: Any, filler: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    letters = " " if filler is UNDEFINED or not filler else filler
    missing = int(abs(width)) - len(text)
    if missing <= 0:
        return text
    run.make_text(missing + len(text))
    padding = (letters * (missing // len(letters) + 1))[:missing]
    return text + padding if width > 0 else padding + text


def _join(run: Evaluation, _value: Any, texts: Any, separator: Any) -> Any:
    if texts is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    run.touch(len(texts))
    run.make_text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


# ---------------------------------------------------------------- matching


def _match(run: Evaluation, _value: Any, text: Any, matcher: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3040", "Third argument of match function must evaluate to a positive number")
    found = Sequence()
    if limit == 0:
        return found
    for each in _matches(run, matcher, text):
        run.make(400)
        found.append({"match": each.text, "index": each.start, "groups": list(each.groups)})
        if limit is not UNDEFINED and len(found) >= limit:
            break
    return found


def _contains(run: Evaluation, _value: Any, text: Any, token: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if isinstance(token, str):
        run.touch(len(text))
        return token in text
    return any(True for _ in _matches(run, token, text))


def _split(run: Evaluation, _value: Any, text: Any, separator: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3020", "Third argument of split function must evaluate to a positive number")
    most = len(text) + 1 if limit is UNDEFINED else math.floor(limit)
    parts = Sequence()
    if isinstance(separator, str):
        # Each part is a text of its own.
        count = len(text) if not separator else text.count(separator) + 1
        run.make(64 * count + 4 * len(text))
        run.touch(len(text))
        return [*(text.split(separator) if separator else text)][:most]
    start = count = 0
    for each in _matches(run, separator, text):
        if limit is not UNDEFINED and count >= limit:
            return list(parts)
        run.make_text(16 + max(0, each.start - start))
        parts.append(text[start : each.start])
        start = each.end
        count += 1
    if limit is UNDEFINED or count < limit:
        parts.append(text[start:])
    return list(parts)


def _replace(run: Evaluation, _value: Any, text: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataFault("D3010", "Second argument of replace function cannot be an empty string")
    if limit is not UNDEFINED and limit < 0:
        raise JsonataFault("D3011", "Fourth argument of replace function must evaluate to a positive number")
    if isinstance(pattern, str):
        return _replace_text(run, text, pattern, replacement, limit)
    parts: list[str] = []
    position = length = 0
    for count, each in enumerate(_matches(run, pattern, text)):
        if limit is not UNDEFINED and count >= limit:
            break
        put = _put(run, each, replacement)
        length += each.start - position + len(put)
        # All parts together are one text at the end.
        if 4 * length > run.limits.value_bytes:
            run.make_text(length)
        run.make_text(len(put))
        parts += [text[position : each.start], put]
        position = each.end
    run.make_text(length + len(text) - position)
    return "".join([*parts, text[position:]])


def _replace_text(run: Evaluation, text: str, pattern: str, replacement: Any, limit: Any) -> str:
    count = text.count(pattern)
    if limit is not UNDEFINED:
        count = min(count, math.ceil(limit))
    run.touch(len(text))
    if not isinstance(replacement, str):
        raise JsonataFault("D3012", "Attempted to replace a matched string with a non-string value")
    run.make_text(len(text) + count * (len(replacement) - len(pattern)))
    return text.replace(pattern, replacement, count)


def _put(run: Evaluation, found: _Found, replacement: Any) -> str:
    if isinstance(replacement, str):
        return _filled(run, replacement, found)
    groups = {"match": found.text, "start": found.start, "end": found.end, "groups": list(found.groups)}
    made = call(run, replacement, [groups], UNDEFINED)
    if not isinstance(made, str):
        raise JsonataFault("D3012", "Attempted to replace a matched string with a non-string value")
    return made


def _filled(run: Evaluation, template: str, found: _Found) -> str:
    """Put groups in place of ``$1``; ``$0`` is the match, ``$$`` a dollar."""
    first, *rest = template.split("$")
    if not rest:
        return template
    run.step(len(rest))
    parts = [first]
    length = len(first)
    is_literal = False
    for text in rest:
        if is_literal:
            parts.append(text)
            is_literal = False
        elif text.startswith("0"):
            parts += [found.text, text[1:]]
        elif not text:
            # Two dollars in a row are one; the last of all stands for itself.
            parts.append("$")
            is_literal = True
            continue
        else:
            parts += _group(text, found.groups)
        length += sum(map(len, parts[-2:]))
        if 4 * length > run.limits.value_bytes:
            run.make_text(length)
    run.make_text(length)
    return "".join(parts)


def _group(text: str, groups: tuple[str, ...]) -> list[str]:
    most = len(str(len(groups))) if groups else 1
    digits = 0
    while digits < most and text[digits : digits + 1].isdigit() and text[digits].isascii():
        digits += 1
    if digits > 1 and int(text[:digits]) > len(groups):
        digits -= 1
    if not digits:
        return ["$", text]
    number = int(text[:digits])
    return [groups[number - 1] if 0 < number <= len(groups) else "", text[len(str(number)) :]]


# ---------------------------------------------------------------- encoding


def _encode64(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(2 * len(text))
    try:
        return base64.b64encode(text.encode("latin-1")).decode("ascii")
    except UnicodeEncodeError:
        return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _decode64(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise JsonataFault(None, "The argument of the base64decode function isn't Base64") from None
    return content.decode("latin-1")


def _encode_url(run: Evaluation, name: str, text: Any, safe: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(3 * len(text))
    run.step((len(text) >> 2) + 1)
    try:
        return "".join(
            letter
            if letter in _LETTERS or letter in safe
            else "".join(f"%{byte:02X}" for byte in letter.encode())
            for letter in text
        )
    except UnicodeEncodeError:
        message = f"Malformed URL passed to ${name}(): {json.dumps(text)[:200]}"
        raise JsonataFault("D3140", message) from None


def _decode_url(run: Evaluation, name: str, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.make_text(len(text))
    first, *rest = text.split("%")
    run.step(len(rest) + 1)
    try:
        if any(not _is_hex(part[:2]) for part in rest):
            raise ValueError
        parts = [first.encode(), *(bytes([int(part[:2], 16)]) + part[2:].encode() for part in rest)]
        return b"".join(parts).decode()
    except ValueError:
        message = f"Malformed URL passed to ${name}(): {json.dumps(text)[:200]}"
        raise JsonataFault("D3140", message) from None


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(letter in "0123456789abcdefABCDEF" for letter in text)


FUNCTIONS = {
    "string": ("<x-b?:s>", _string),
    "substring": ("<s-nn?:s>", _substring),
    "substringBefore": ("<s-s:s>", _before),
    "substringAfter": ("<s-s:s>", _after),
    "lowercase": ("<s-:s>", _lowercase),
    "uppercase": ("<s-:s>", _uppercase),
    "length": ("<s-:n>", _length),
    "trim": ("<s-:s>", _trim),
    "pad": ("<s-ns?:s>", _pad),
    "join": ("<a<s>s?:s>", _join),
    "match": ("<s-f<s:o>n?:a<o>>", _match),
    "contains": ("<s-(sf):b>", _contains),
    "split": ("<s-(sf)n?:a<s>>", _split),
    "replace": ("<s-(sf)(sf)n?:s>", _replace),
    "base64encode": ("<s-:s>", _encode64),
    "base64decode": ("<s-:s>", _decode64),
    "encodeUrlComponent": (
        "<s-:s>",
        lambda run, _value, text: _encode_url(run, "encodeUrlComponent", text, _COMPONENT),
    ),
    "encodeUrl": ("<s-:s>", lambda run, _value, text: _encode_url(run, "encodeUrl", text, _URL)),
    "decodeUrlComponent": ("<s-:s>", lambda run, _value, text: _decode_url(run, "decodeUrlComponent", text)),
    "decodeUrl": ("<s-:s>", lambda run, _value, text: _decode_url(run, "decodeUrl", text)),
}
