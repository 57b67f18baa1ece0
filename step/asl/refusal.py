"""How AWS's API tells what is wrong with a definition.

Pure: diagnostics in, the API's error or its diagnostics out. Observed: definition_errors, sfn_api_validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from step.errors import Diagnostic, Refused

# A number is an item's, but for that of a state that is so called.
_INDEX = re.compile(r"(?<!/States)/(\d+)(?=/|$)")


def refuse_errors(diagnostics: Iterable[Diagnostic]) -> None:
    """Refuse a definition with errors, all of them at once and in AWS's words.

    Raises:
        Refused: InvalidDefinition.
    """
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == "ERROR"]
    if errors:
        listed = ", ".join(f"{error.code}: {error.message} at {_place(error)}" for error in errors)
        raise Refused("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def location(diagnostic: Diagnostic) -> str | None:
    """Write a JSON pointer as AWS writes places: ``/States/Pick/Choices[0]``; None: it has no place."""
    return None if diagnostic.location is None else _INDEX.sub(r"[\1]", diagnostic.location) or "/"


def _place(error: Diagnostic) -> str:
    # Observed: CreateStateMachine says "at null" where there is no place.
    return location(error) or "null"
