"""Regular expressions whose cost is counted, in the dialects of JavaScript (JSONata) and Java (JSONPath)."""

from step.asl.regex.characters import RegexSyntaxError
from step.asl.regex.matcher import Regex, compile_regex

__all__ = ["Regex", "RegexSyntaxError", "compile_regex"]
