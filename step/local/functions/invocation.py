"""What an invocation is asked with and what it answers, in Lambda's words.

Pure. AWS: Lambda API reference, "Invoke"; developer guide, "Python function errors".
"""

from __future__ import annotations

import json
from typing import NamedTuple

from step.clock import format_timestamp
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.functions.worker import WorkerOutcome

MOST_SYNCHRONOUS_BYTES = 6_291_456
MOST_ASYNCHRONOUS_BYTES = 1_048_576
_MOST_RESPONSE_BYTES = 6_291_556
_TAIL_BYTES = 4096
UNHANDLED = "Unhandled"


class Invocation(NamedTuple):
    """How an invocation ended, as AWS answers it.

    Attributes:
        status: 200; 202 of an asynchronous one, 204 of a dry run.
        payload: What the function gave, or Lambda's document of its error.
        function_error: "Unhandled" where it failed.
        executed_version: The version that ran.
        log: All that it wrote, with Lambda's own lines.
        request_id: The invocation's id.
    """

    status: int
    payload: bytes
    function_error: str | None
    executed_version: str
    log: str
    request_id: str

    @property
    def log_tail(self) -> bytes:
        """The last 4 KB of the log: ``LogType=Tail``."""
        return self.log.encode("utf-8", "replace")[-_TAIL_BYTES:]


def check_payload(payload: bytes, *, most_bytes: int = MOST_SYNCHRONOUS_BYTES) -> bytes:
    """See that a payload is JSON and not too large; none is an empty object.

    Raises:
        Refused: it isn't.
    """
    if len(payload) > most_bytes:
        raise Refused(
            "RequestTooLargeException",
            f"{len(payload)} byte payload is too large for the invocation type (limit {most_bytes} bytes)",
        )
    if not payload:
        return b"{}"
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Refused(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None
    return payload


def result_of(outcome: WorkerOutcome, request_id: str, configuration: JSONObject) -> tuple[bytes, str | None]:
    """Give the payload and the function's error of an outcome."""
    match outcome.kind:
        case "response" if len(outcome.body) > _MOST_RESPONSE_BYTES:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({_MOST_RESPONSE_BYTES} bytes)."
            )
            return _error("Function.ResponseSizeTooLarge", message), UNHANDLED
        case "response":
            return outcome.body, None
        case "error" | "init/error":
            return outcome.body, UNHANDLED
        case "timeout":
            timeout = configuration["Timeout"]
            assert isinstance(timeout, int)
            message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
            return _error("Sandbox.Timedout", message), UNHANDLED
        case _:
            message = f"RequestId: {request_id} Error: Runtime exited with error: {outcome.body.decode()}"
            if outcome.body == b"exit status 0":
                message = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            return _error("Runtime.ExitError", message), UNHANDLED


def log_of(
    outcome: WorkerOutcome,
    request_id: str,
    configuration: JSONObject,
    now_ms: int,
    most_memory_mb: int | None,
) -> str:
    """Write an invocation's log with Lambda's own lines around the function's."""
    written = outcome.log.decode("utf-8", "replace").replace("\r", "\n")
    if written and not written.endswith("\n"):
        written += "\n"
    if outcome.kind == "timeout":
        timeout = configuration["Timeout"]
        assert isinstance(timeout, int)
        moment = format_timestamp(now_ms)
        written += f"{moment} {request_id} Task timed out after {timeout:.2f} seconds\n\n"
    memory = configuration["MemorySize"]
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {max(1, outcome.duration_ms)} ms",
        f"Memory Size: {memory} MB",
        f"Max Memory Used: {most_memory_mb if most_memory_mb is not None else memory} MB",
    ]
    if outcome.init_ms is not None:
        report.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    return (
        f"START RequestId: {request_id} Version: {configuration['Version']}\n{written}"
        f"END RequestId: {request_id}\n" + "\t".join(report) + "\t\n"
    )


def _error(kind: str, message: str) -> bytes:
    document: dict[str, JSONValue] = {"errorType": kind, "errorMessage": message}
    return json.dumps(document, separators=(",", ":")).encode()
