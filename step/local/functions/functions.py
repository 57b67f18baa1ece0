"""Lambda: functions with their versions, aliases and layers, and their invocation.

Puts the parts together: documents and zips in a folder, operations, processes, asynchronous events.
"""

from __future__ import annotations

import hmac
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from step.aws.requests import Operations
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.front import Front, Operation
from step.local.functions.api import (
    STRUCTURES,
    concurrency_table,
    event_source_table,
    function_table,
    layer_table,
    setting_table,
)
from step.local.functions.archives import Archives
from step.local.functions.concurrency import ConcurrencyOperations
from step.local.functions.event_sources import EventSources
from step.local.functions.events import Events
from step.local.functions.in_process import HandlerFolder
from step.local.functions.invocation import MOST_ASYNCHRONOUS_BYTES, Invocation, check_payload
from step.local.functions.invoker import Invoker
from step.local.functions.keys import AccessKeys
from step.local.functions.layers import LayerOperations
from step.local.functions.logs import Logs, Written
from step.local.functions.names import LATEST, FunctionName, Owned, Owner, named
from step.local.functions.operations import CodeObjects, FunctionOperations
from step.local.functions.settings import SettingOperations
from step.local.functions.store import FunctionShelf, LayerShelf
from step.local.http import Request, Response
from step.local.protocols import REQUEST_ID, Rest
from step.local.strictness import StrictFunctions

_log = logging.getLogger("step.local.functions")
# Where zips are downloaded.
CODE_PATH = "/_functions/code/"
_EVENT, _DRY_RUN, _WAITING = "Event", "DryRun", "RequestResponse"


class Functions:
    """Lambda on one machine; ``keys`` are the access keys that its functions get, ``front`` is its API.

    ``event_sources`` are the mappings of queues and streams to functions.

    Args:
        folder: Where functions, zips and what is unpacked of them live.
        owner: Whose functions a bare name means.
        objects: Reads code that is in S3.
        endpoint: Says where the local service is, for the functions' own clients.
        handlers: A folder of handler files that run in this process instead.
        hosts: Other machines that functions may call, by patterns of their names.
        is_synced: Whether what is acknowledged survives the loss of power.
        is_strict: Whether updates take a while.
    """

    def __init__(
        self,
        folder: Path,
        *,
        owner: Owner,
        objects: CodeObjects,
        endpoint: Callable[[], str],
        handlers: Path | None = None,
        hosts: Sequence[str] = (),
        is_synced: bool = False,
        is_strict: bool = False,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._owner = owner
        self._functions = FunctionShelf(folder, is_synced=is_synced)
        self._layers = LayerShelf(folder, is_synced=is_synced)
        self._archives = Archives(folder / "code", is_synced=is_synced)
        used = {digest for function in self._functions.all() for digest in function.digests()}
        used |= {digest for layer in self._layers.all() for digest in layer.digests()}
        self._archives.forget_others(used)
        self._logs = Logs(folder / "logs.jsonl")
        self._endpoint = endpoint
        self._secret = new_uuid().encode()
        self.keys = AccessKeys()
        self._invoker = Invoker(
            folder,
            self._functions,
            self._layers,
            self._archives,
            self._logs,
            endpoint,
            self.keys,
            HandlerFolder(handlers) if handlers is not None else None,
            hosts,
        )
        self.event_sources = EventSources(folder, self._invoker.find, is_synced=is_synced)
        self._events = Events(folder / "events", self._run_event, self._retries, is_synced=is_synced)
        # Functions and layers guard themselves.
        self.front = Front(
            Rest(Operations("lambda")),
            self._operations(objects),
            STRUCTURES,
            code="InvalidParameterValueException",
            around=StrictFunctions() if is_strict else None,
        )

    def answer(self, request: Request, owner: Owner) -> Response:
        """Answer a request to Lambda's API; what it can't do is refused in Lambda's way."""
        try:
            return self.front.answer(request, owner)
        except Refused as refused:
            return self.front.refuse(refused)
        except OSError as error:
            problem = f"the store can't be written: {error.strerror}"
            return self.front.refuse(Refused("StoreFull", problem))

    def invoke(
        self,
        function: str,
        payload: bytes = b"",
        *,
        qualifier: str | None = None,
        kind: str = _WAITING,
        client_context: str | None = None,
        owner: Owner | None = None,
    ) -> Invocation:
        """Invoke a function by its name or ARN.

        Args:
            payload: JSON; nothing is an empty object.
            kind: "RequestResponse" waits for its end, "Event" doesn't, "DryRun" only looks.
            client_context: JSON in base64.
            owner: Whose a bare name is.

        Raises:
            Refused: what AWS would refuse, or what can't run here.
        """
        name = FunctionName.from_text(function, owner or self._owner).qualified(qualifier)
        if kind == _EVENT:
            event = check_payload(payload, most_bytes=MOST_ASYNCHRONOUS_BYTES)
            version = self._invoker.check(name)
            request_id = self._events.put(name.arn, event)
            return Invocation(202, b"", None, version, "", request_id)
        if kind == _DRY_RUN:
            return Invocation(204, b"", None, self._invoker.check(name), "", "")
        if kind != _WAITING:
            raise Refused("InvalidParameterValueException", f"Unknown invocation type: {kind[:64]}")
        headers = {"Lambda-Runtime-Client-Context": client_context} if client_context else {}
        return self._invoker.invoke(name, payload, headers)

    def invoke_in(self, owner: Owner, function: str, payload: bytes, qualifier: str | None) -> Invocation:
        """Invoke a function, a bare name's of an account in a region, and wait; see ``invoke``."""
        return self.invoke(function, payload, qualifier=qualifier, owner=owner)

    def owned(self, arn: str) -> Owned | None:
        """Say whose a function is, with its policy and its tags; None: it isn't there."""
        try:
            name = FunctionName.from_text(arn, self._owner)
            function = self._functions.find(name)
        except Refused:
            return None
        policy = function.policies.get(name.qualifier or "")
        text = json.dumps({"Version": "2012-10-17", "Statement": policy["Statement"]}) if policy else None
        return Owned(account=name.owner.account, policy=text, tags={**function.tags})

    def code(self, path: str, query: str) -> bytes | None:
        """Give the zip at an address that GetFunction told; None: it told no such address."""
        digest = path.removeprefix(CODE_PATH).removesuffix(".zip")
        if not digest.isalnum() or not hmac.compare_digest(query.encode(), self._signature(digest).encode()):
            return None
        try:
            return self._archives.read(digest)
        except OSError:
            return None

    @property
    def has_logs(self) -> bool:
        """Whether functions wrote something since the last ``take_logs``."""
        return not self._logs.is_empty

    def take_logs(self) -> Iterator[Written]:
        """Give what functions wrote since the last time."""
        return self._logs.take()

    def close(self) -> None:
        """End every process; asynchronous events that wait go on with the next start."""
        self._events.close()
        self._invoker.close()
        self._logs.close()

    # ------------------------------------------------------------ operations

    def _operations(self, objects: CodeObjects) -> dict[str, Operation[Owner]]:
        functions = FunctionOperations(
            self._functions, self._layers, self._archives, objects, self._invoker.forget, self._location
        )
        invoke = "FunctionName Qualifier InvocationType LogType ClientContext Payload"
        return {
            **function_table(functions),
            **layer_table(LayerOperations(self._layers, functions.code, self._location)),
            **setting_table(SettingOperations(self._functions, self.event_sources)),
            **event_source_table(self.event_sources),
            **concurrency_table(ConcurrencyOperations(self._functions)),
            "Invoke": Operation(self._invoke, invoke),
            "InvokeAsync": Operation(self._invoke_async, "FunctionName InvokeArgs"),
        }

    def _location(self, digest: JSONValue) -> str:
        return f"{self._endpoint()}{CODE_PATH}{digest}.zip?{self._signature(str(digest))}"

    def _signature(self, digest: str) -> str:
        """Sign an address as AWS does: whoever knows it may read, until the service ends."""
        return f"X-Amz-Signature={hmac.new(self._secret, digest.encode(), 'sha256').hexdigest()}"

    def _invoke(self, owner: Owner, asked: JSONObject) -> JSONObject:
        context = asked.get("ClientContext")
        invocation = self.invoke(
            named(owner, asked).arn,
            _bytes(asked.get("Payload")),
            kind=str(asked.get("InvocationType", _WAITING)),
            client_context=None if context is None else str(context),
        )
        is_tailed = asked.get("LogType") == "Tail" and invocation.status == 200
        return {
            "StatusCode": invocation.status,
            "ExecutedVersion": invocation.executed_version,
            "FunctionError": invocation.function_error,
            "LogResult": b64encode(invocation.log_tail).decode() if is_tailed else None,
            "Payload": invocation.payload.decode("utf-8", "surrogateescape"),
            REQUEST_ID: invocation.request_id,
        }

    def _invoke_async(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """The oldest way to invoke without waiting."""
        self.invoke(named(owner, asked).arn, _bytes(asked.get("InvokeArgs")), kind=_EVENT)
        return {"Status": 202}

    def _run_event(self, arn: str, event: bytes) -> bool:
        try:
            return self.invoke(arn, event).function_error is None
        except Refused as refused:
            _log.warning("asynchronous invocation of %s: %s", arn, refused)
            return False

    def _retries(self, arn: str) -> int:
        """Say how often an asynchronous invocation is tried again."""
        name = FunctionName.from_text(arn, self._owner)
        function = self._functions.get(name)
        config = function.event_invoke.get(name.qualifier or LATEST) if function is not None else None
        attempts = (config or {}).get("MaximumRetryAttempts", 2)
        return attempts if isinstance(attempts, int) else 2


def _bytes(payload: JSONValue) -> bytes:
    return str(payload or "").encode("utf-8", "surrogateescape")
