"""What runs in a Lambda: typed handlers for the tasks of a state machine.

Every cold start loads this package: it imports no interpreter, no AWS SDK, no validation library, no asyncio.
"""

from step.errors import TaskError
from step.jsonvalue import JSONValue
from step.tasks.context import TaskContext
from step.tasks.decoding import decode
from step.tasks.encoding import encode
from step.tasks.errors import DecodeError, UnknownTaskError
from step.tasks.handler import Handler
from step.tasks.handlers import TaskHandlers

__all__ = [
    "DecodeError",
    "Handler",
    "JSONValue",
    "TaskContext",
    "TaskError",
    "TaskHandlers",
    "UnknownTaskError",
    "decode",
    "encode",
]
