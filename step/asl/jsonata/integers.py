"""Pictures of integers: digits, letters, Roman numerals, words; both ways.

Pure: no clock, no IO. Spec: XPath and XQuery Functions and Operators, "fn:format-integer".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

from step.asl.jsonata.values import JsonataFault

# Where Unicode's blocks of ten digits begin.
_ZEROS = [
    *(0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66),
    *(0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50),
    *(0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10),
]
_FEW = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven"]
_FEW += ["Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"]
_ORDINALS = ["Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth"]
_ORDINALS += ["Tenth", "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth"]
_ORDINALS += ["Seventeenth", "Eighteenth", "Nineteenth"]
_DECADES = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"]
_MAGNITUDES = ["Thousand", "Million", "Billion", "Trillion"]
_ROMANS = [
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
]
# As many thousands as a Roman numeral is written for.
_LARGEST_ROMAN = 100_000


def _word_values() -> dict[str, int]:
    values: dict[str, int] = {}
    for words in (_FEW, _ORDINALS):
        values.update({word.lower(): number for number, word in enumerate(words)})
    for index, word in enumerate(_DECADES):
        values[word.lower()] = values[word.lower()[:-1] + "ieth"] = (index + 2) * 10
    values["hundred"] = values["hundredth"] = 100
    for index, word in enumerate(_MAGNITUDES):
        values[word.lower()] = values[word.lower() + "th"] = 10 ** (3 * (index + 1))
    return values


WORD_VALUES = _word_values()


@dataclass(slots=True)
class IntegerPicture:
    """How an integer is written. ``kind``: "decimal", "letters", "roman", "words" or "sequence"."""

    kind: str = "decimal"
    case: str = "lower"
    is_ordinal: bool = False
    zero: int = 0x30
    least_digits: int = 0
    optional_digits: int = 0
    separators: list[tuple[int, str]] = field(default_factory=list)
    # Every so many digits the same separator.
    every: int = 0
    token: str = ""
    # In a text that is read, exactly so many digits.
    width: int = 0

    @classmethod
    def from_text(cls, text: str) -> IntegerPicture:
        """Read a picture.

        Raises:
            Fault: D3131.
        """
        primary, semicolon, modifier = text.rpartition(";")
        if not semicolon:
            primary, modifier = text, ""
        picture = cls(is_ordinal=modifier.startswith("o"))
        kinds = {"a": ("letters", "lower"), "A": ("letters", "upper"), "i": ("roman", "lower")}
        kinds |= {"I": ("roman", "upper"), "w": ("words", "lower"), "W": ("words", "upper")}
        kinds["Ww"] = ("words", "title")
        if primary in kinds:
            picture.kind, picture.case = kinds[primary]
        else:
            picture._read_digits(primary)
        return picture

    def _read_digits(self, primary: str) -> None:
        zero: int | None = None
        position = 0
        for letter in reversed(primary):
            code = ord(letter)
            begin = next((each for each in _ZEROS if each <= code <= each + 9), None)
            if begin is not None:
                self.least_digits += 1
                position += 1
                if zero not in (None, begin):
                    message = "In a decimal digit pattern, all digits must be from the same decimal group"
                    raise JsonataFault("D3131", message)
                zero = begin
            elif letter == "#":
                position += 1
                self.optional_digits += 1
            else:
                self.separators.append((position, letter))
        if not self.least_digits:
            self.kind, self.token = "sequence", primary
            return
        self.zero = zero or 0x30
        self.every = regular_distance(self.separators)

    def write(self, number: int) -> str:
        """Write a whole number.

        Raises:
            Fault: D3130, a picture that isn't supported.
        """
        size = abs(number)
        match self.kind:
            case "letters":
                text = _letters(size, "A" if self.case == "upper" else "a")
            case "roman":
                if size > _LARGEST_ROMAN:
                    raise JsonataFault("D3130", f"Roman numerals go up to {_LARGEST_ROMAN:,}")
                text = _roman(size)
                text = text.upper() if self.case == "upper" else text
            case "words":
                text = _words(size, has_before=False, is_ordinal=self.is_ordinal)
                text = (
                    text if self.case == "title" else text.upper() if self.case == "upper" else text.lower()
                )
            case "decimal":
                text = self._write_digits(size)
            case _:
                raise self._unsupported()
        return f"-{text}" if number < 0 else text

    def _write_digits(self, size: int) -> str:
        digits = str(size).rjust(self.least_digits, "0")
        suffix = ""
        if self.is_ordinal:
            suffix = {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th")
            if digits[-2:-1] == "1":
                suffix = "th"
        if self.zero != 0x30:
            digits = "".join(chr(ord(digit) - 0x30 + self.zero) for digit in digits)
        return separated(digits, self.separators, self.every) + suffix

    def read(self, text: str) -> int:
        """Read what the picture describes.

        Raises:
            Fault: D3130.
            ValueError: the text isn't one that the picture describes.
        """
        match self.kind:
            case "letters":
                number = 0
                for letter in text.lower():
                    number = number * 26 + ord(letter) - ord("a") + 1
                return number
            case "roman":
                return _from_roman(text.lower())
            case "words":
                return _from_words(text.lower())
            case "decimal":
                digits = text[:-2] if self.is_ordinal else text
                for _, letter in self.separators:
                    digits = digits.replace(letter, "")
                if self.zero != 0x30:
                    digits = "".join(chr(ord(digit) - self.zero + 0x30) for digit in digits)
                if len(digits) > 400:
                    raise ValueError("too many digits")
                return int(digits)
        raise self._unsupported()

    def _unsupported(self) -> JsonataFault:
        said = "Formatting or parsing an integer as a sequence starting with"
        return JsonataFault("D3130", f"{said} {self.token} is not supported by this implementation")

    def pattern(self) -> str:
        """Give the regular expression of the texts that ``read`` takes."""
        match self.kind:
            case "letters":
                return "[a-zA-Z]+"
            case "roman":
                return "[mdclxviMDCLXVI]+"
            case "words":
                return f"(?:{'|'.join(sorted(WORD_VALUES, key=len, reverse=True))}|and|[\\-, ])+"
            case "decimal":
                digit = f"[{chr(self.zero)}-{chr(self.zero + 9)}]"
                letters = "".join(f"\\u{ord(letter):04x}" for _, letter in self.separators)
                digits = digit if not letters else f"[{chr(self.zero)}-{chr(self.zero + 9)}{letters}]"
                repeat = f"{{{self.width}}}" if self.width else "+"
                return f"{digits}{repeat}{'(?:th|st|nd|rd)' if self.is_ordinal else ''}"
        raise self._unsupported()


def regular_distance(separators: list[tuple[int, str]]) -> int:
    """Give the distance at which the same separator stands again and again; 0 where there is none."""
    if not separators or len({letter for _, letter in separators}) > 1:
        return 0
    positions = [position for position, _ in separators]
    distance = gcd(*positions)
    if distance and all(index * distance in positions for index in range(1, len(positions) + 1)):
        return distance
    return 0


def separated(digits: str, separators: list[tuple[int, str]], every: int) -> str:
    """Put separators, counted from the right, between digits."""
    if every:
        first = len(digits) % every or every
        parts = [digits[:first], *(digits[at : at + every] for at in range(first, len(digits), every))]
        return separators[0][1].join(parts)
    for position, letter in sorted(separators):
        at = len(digits) - position
        taken = sum(1 for other, _ in separators if other < position)
        at -= taken
        digits = digits[: max(0, at)] + letter + digits[max(0, at) :]
    return digits


def _letters(number: int, first: str) -> str:
    letters = ""
    while number > 0:
        letters = chr((number - 1) % 26 + ord(first)) + letters
        number = (number - 1) // 26
    return letters


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMANS:
        text += letters * (number // value)
        number %= value
    return text


def _from_roman(text: str) -> int:
    values = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}
    number = most = 0
    for letter in reversed(text):
        value = values[letter]
        if value < most:
            number -= value
        else:
            most = value
            number += value
    return number


def _words(number: int, *, has_before: bool, is_ordinal: bool) -> str:
    joined = " and " if has_before else ""
    if number <= 19:
        return joined + (_ORDINALS if is_ordinal else _FEW)[number]
    if number < 100:
        words = joined + _DECADES[number // 10 - 2]
        if number % 10:
            return f"{words}-{_words(number % 10, has_before=False, is_ordinal=is_ordinal)}"
        return words[:-1] + "ieth" if is_ordinal else words
    comma = ", " if has_before else ""
    if number < 1000:
        words, rest = f"{comma}{_FEW[number // 100]} Hundred", number % 100
    else:
        magnitude = min((len(str(number)) - 1) // 3, len(_MAGNITUDES))
        factor = 10 ** (3 * magnitude)
        front = _words(number // factor, has_before=False, is_ordinal=False)
        words, rest = f"{comma}{front} {_MAGNITUDES[magnitude - 1]}", number % factor
    if rest:
        return words + _words(rest, has_before=True, is_ordinal=is_ordinal)
    return words + "th" if is_ordinal else words


def _from_words(text: str) -> int:
    for letter in (", ", " and ", "-"):
        text = text.replace(letter, " ")
    segments = [0]
    for word in text.split():
        if word == "and":
            continue
        if word not in WORD_VALUES:
            raise ValueError(word)
        value = WORD_VALUES[word]
        if value < 100:
            top = segments.pop()
            if top >= 1000:
                segments.append(top)
                top = 0
            segments.append(top + value)
        else:
            segments.append(segments.pop() * value)
    return sum(segments)
