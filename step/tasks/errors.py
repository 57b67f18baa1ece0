"""What goes wrong around a handler, under the names that Retry and Catch see.

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.errors import HandlerError


class DecodeError(ValueError):
    """A JSON value isn't of the type that was asked for; the message names the place.

    It is no ``StepError``: a wrong input is a failure of the workflow.
    """


class UnknownTaskError(HandlerError):
    """A message asks for a task that has no handler here."""
