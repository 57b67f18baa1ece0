"""JSONata, the query language: parsed, checked and evaluated within limits."""

from step.asl.jsonata.texts import (
    CLOSE,
    OPEN,
    JSONataProblem,
    find_problems,
    has_delimiter,
    is_expression,
    is_torn,
    strip_delimiters,
)

__all__ = [
    "CLOSE",
    "OPEN",
    "JSONataProblem",
    "find_problems",
    "has_delimiter",
    "is_expression",
    "is_torn",
    "strip_delimiters",
]
