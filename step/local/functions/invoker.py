"""Invoke functions: the zip of that very version, in a warm process or a new one.

Knows documents, zips, interpreters and processes; no HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from step.clock import now_ms
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.entropy import new_share, new_uuid
from step.local.functions.archives import Archives
from step.local.functions.environment import environment, log_stream
from step.local.functions.in_process import HandlerFolder, LocalContext
from step.local.functions.invocation import Invocation, check_payload, log_of, result_of
from step.local.functions.keys import AccessKeys, KeyHolder
from step.local.functions.logs import Logs, Written
from step.local.functions.names import LATEST, FunctionName, LayerName, Owner
from step.local.functions.pool import Pool
from step.local.functions.runtimes import Runtimes
from step.local.functions.store import Function, FunctionShelf, LayerShelf
from step.local.functions.versions import drawn_version
from step.local.functions.worker import Event, Launch, Worker

_REUSABLE = frozenset({"response", "error"})


class _Ran(NamedTuple):
    payload: bytes
    function_error: str | None
    log: str


class Invoker:
    """Runs functions.

    Args:
        folder: Where links to what AWS's runtimes bring may be written.
        endpoint: Says where the local service is, for the functions' own clients.
        keys: The access keys that they get.
        handlers: A folder whose functions run in this process instead.
        hosts: Other machines that functions may call.
    """

    def __init__(
        self,
        folder: Path,
        functions: FunctionShelf,
        layers: LayerShelf,
        archives: Archives,
        logs: Logs,
        endpoint: Callable[[], str],
        keys: AccessKeys,
        handlers: HandlerFolder | None,
        hosts: Sequence[str] = (),
    ) -> None:
        self._functions = functions
        self._layers = layers
        self._archives = archives
        self._logs = logs
        self._endpoint = endpoint
        self._keys = keys
        self._handlers = handlers
        self._runtimes = Runtimes(folder / "runtimes", hosts)
        self._pool = Pool()

    def close(self) -> None:
        """Kill every process."""
        self._pool.close()

    def forget(self, name: FunctionName) -> None:
        """End the idle processes of a function that is deleted."""
        self._pool.forget(f"{name.function_arn}@")

    def find(self, name: FunctionName) -> None:
        """See that there is such a function, whether or not it can run here.

        Raises:
            Refused: there is none.
        """
        if not self._is_in_process(name):
            self._functions.configuration(name)

    def check(self, name: FunctionName) -> str:
        """See that a function can be invoked, without doing so: a dry run; give its version.

        Raises:
            Refused: it isn't there, or can't run here.
        """
        if self._is_in_process(name):
            return LATEST
        configuration = self._configuration(name)
        self._runtimes.python(configuration)
        return str(configuration["Version"])

    def invoke(self, name: FunctionName, payload: bytes, headers: Mapping[str, str]) -> Invocation:
        """Run a function and wait for its end.

        Args:
            payload: JSON; nothing is an empty object.
            headers: More of the Runtime API's headers: the client's context, a trace.

        Raises:
            Refused: it isn't there, can't run here, or isn't allowed to.
        """
        event = check_payload(payload)
        request_id = new_uuid()
        if self._is_in_process(name):
            return self._invoke_here(name, event, request_id)
        configuration = self._configuration(name)
        ran = self._run(
            configuration, name, Event(request_id, event, {**_trace(), **headers}, _timeout(configuration))
        )
        version = str(configuration["Version"])
        return Invocation(200, ran.payload, ran.function_error, version, ran.log, request_id)

    def _is_in_process(self, name: FunctionName) -> bool:
        return self._handlers is not None and self._handlers.has(name.name)

    def _invoke_here(self, name: FunctionName, event: bytes, request_id: str) -> Invocation:
        assert self._handlers is not None
        deadline_ms = now_ms() + 900_000
        context = LocalContext(name.name, name.arn, request_id, deadline_ms)
        outcome = self._handlers.invoke(name.name, event, context)
        shown: JSONObject = {"Timeout": 900, "MemorySize": 128, "Version": LATEST}
        body, error = result_of(outcome, request_id, shown)
        log = log_of(outcome, request_id, shown, now_ms(), None)
        return Invocation(200, body, error, LATEST, log, request_id)

    def _configuration(self, name: FunctionName) -> JSONObject:
        function = self._functions.find(name)
        _check_concurrency(function)
        version = drawn_version(function, name, new_share)
        return function.latest if version == LATEST else function.versions[version]

    def _run(self, configuration: JSONObject, name: FunctionName, event: Event) -> _Ran:
        arn = f"{name.function_arn}@{configuration['Version']}"
        headers = {**event.headers, "Lambda-Runtime-Invoked-Function-Arn": name.arn}
        with self._pool.worker(
            f"{arn}@{configuration['RevisionId']}", lambda: self._start(configuration, name.owner)
        ) as worker:
            outcome = worker.invoke(event._replace(headers=headers))
            memory_mb = worker.most_memory_mb()
            if outcome.kind not in _REUSABLE:
                worker.close()
        body, error = result_of(outcome, event.id, configuration)
        log = log_of(outcome, event.id, configuration, now_ms(), memory_mb)
        self._keep(configuration, name.owner, worker.name, log)
        return _Ran(body, error, log)

    def _start(self, configuration: JSONObject, owner: Owner) -> Worker:
        """Start a process for a version.

        Raises:
            Refused: it can't run here.
        """
        python = self._runtimes.python(configuration)
        root = self._archives.folder(str(configuration["_digest"]))
        layers = [self._archives.folder(digest) for digest in self._layer_digests(configuration, owner)]
        for folder in (root, *layers):
            self._runtimes.check_machine(configuration, folder)
        stream = log_stream(str(configuration["Version"]), now_ms(), new_uuid())
        name, role = str(configuration["FunctionName"]), str(configuration.get("Role", ""))
        arn = FunctionName(owner, name).function_arn
        key = self._keys.of(KeyHolder(owner.account, role, name, arn))
        variables = environment(
            configuration, owner.region, key, python, root, layers, self._endpoint(), stream
        )
        return Worker(Launch(stream, python.command_of(str(configuration["Handler"])), root, variables))

    def _layer_digests(self, configuration: JSONObject, owner: Owner) -> list[str]:
        layers = configuration.get("Layers")
        arns = (
            [str(its["Arn"]) for its in layers if isinstance(its, dict)] if isinstance(layers, list) else []
        )
        return [str(self._layers.version(LayerName.from_text(arn, owner))["_digest"]) for arn in arns]

    def _keep(self, configuration: JSONObject, owner: Owner, stream: str, log: str) -> None:
        logging = configuration["LoggingConfig"]
        group = str(logging["LogGroup"]) if isinstance(logging, dict) else ""
        self._logs.write(Written(owner.account, owner.region, group, stream, now_ms(), log))


def _check_concurrency(function: Function) -> None:
    # Anything but 0 is more than one machine runs at once.
    if function.concurrency == 0:
        raise Refused("TooManyRequestsException", "Rate Exceeded.")


def _timeout(configuration: JSONObject) -> float:
    timeout = configuration["Timeout"]
    assert isinstance(timeout, int)
    return float(timeout)


def _trace() -> dict[str, str]:
    """Make a trace's header; awslambdaric needs one."""
    digits = new_uuid().replace("-", "")
    root = f"1-{now_ms() // 1000:08x}-{digits[:24]}"
    return {"Lambda-Runtime-Trace-Id": f"Root={root};Parent={digits[-16:]};Sampled=0"}
