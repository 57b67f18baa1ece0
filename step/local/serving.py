"""The local service put together: journal, host, Step Functions, the rest of AWS, the viewer, one port.

Knows every part by its constructor and none by its inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from step.aws.endpoint import EndpointSession, LazyClient
from step.aws.s3 import S3Objects
from step.aws.services import DEFAULT_REGION, AwsServices
from step.durable.clocks import Clock
from step.durable.host import Host
from step.durable.journal import Journal
from step.durable.retention import DEFAULT_KEEP_MS, Retention
from step.durable.schema import Sync
from step.jsonvalue import JSONObject
from step.local.boundary import Boundary
from step.local.cloud import Cloud
from step.local.cloud.as_amazon import AsAmazon
from step.local.cloud.rules import matches
from step.local.confined import confined
from step.local.functions import Owner
from step.local.functions.keys import KeyHolder
from step.local.http import Request, Response
from step.local.http_server import Server
from step.local.permissions.permissions import Mode, Permissions
from step.local.permissions.role_items import RoleItems
from step.local.permissions.roles import Roles
from step.local.service.arns import Caller
from step.local.service.event_pollers import EventPollers
from step.local.service.event_targets import EventTargets
from step.local.service.execution_logs import ExecutionLogs
from step.local.service.executions import listed
from step.local.service.gateway import Gateway
from step.local.service.mocks import Mocks
from step.local.service.nested import Nested
from step.local.service.own_functions import OwnFunctions
from step.local.service.schedules import Schedules
from step.local.service.service import StepFunctionsService
from step.local.service.status_events import StatusEvents
from step.local.service.testing import Testing
from step.local.service.work import TaskWork
from step.local.upkeep import Upkeep
from step.local.viewer import Viewer
from step.local.viewer.service_source import ServiceSource
from step.runtime.services import Services

DEFAULT_ACCOUNT = "123456789012"
# The access key of the service's own requests, where no token is asked for.
_OWN_KEY = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the service runs.

    ``store`` is the folder of everything that survives; ``token`` is what requests must show; ``handlers`` is
    a folder whose functions run in this process: all of it is confined to the service then, in environment
    and connections, unless ``has_account`` lets it keep the AWS account that the environment names. ``mocks``
    is a MockConfigFile; ``hosts`` are other machines that tasks and functions may call, by patterns of their
    names; ``iam`` says what happens to requests that policies don't allow; ``late_seconds``: how late reads
    may be in a service as unkind as AWS (``strictness``), None: in no such one; ``keep_ms``: how long
    executions are kept after their end, None: for ever.
    """

    store: Path
    clock: Clock
    host: str = "127.0.0.1"
    port: int = 0
    sync: Sync = "normal"
    keep_ms: int | None = DEFAULT_KEEP_MS
    token: str | None = None
    handlers: Path | None = None
    mocks: Path | None = None
    hosts: tuple[str, ...] = ()
    has_account: bool = False
    account: str = DEFAULT_ACCOUNT
    region: str = DEFAULT_REGION
    iam: Mode = "off"
    late_seconds: float | None = None


class LocalService:
    """A running service.

    Attributes:
        host: What runs executions.
        step_functions: The operations of Step Functions.
        endpoint: Where AWS's clients go.
        viewer: Where a browser goes.
    """

    def __init__(self, options: Options) -> None:
        self._closing = ExitStack()
        try:
            self._build(options)
        except BaseException:
            self.close()
            raise

    def _build(self, options: Options) -> None:
        self._server = Server(self._answer, host=options.host, port=options.port, admit=self._admit)
        self._closing.callback(self._server.close)
        self.endpoint = f"http://{_reachable(options.host)}:{self._server.port}"
        self.viewer = f"{self.endpoint}/_step/"
        # The service's own address may be one of the machine's others.
        hosts = (options.host, *options.hosts)
        if options.handlers is not None and not options.has_account:
            self._closing.enter_context(confined(self.endpoint, options.region, hosts))
        refusal = Boundary(hosts).refusal
        journal = Journal(options.store, options.sync)
        self._nested = Nested()
        self._cloud = Cloud(
            options.store,
            account=options.account,
            region=options.region,
            endpoint=lambda: self.endpoint,
            handlers=options.handlers,
            hosts=hosts,
            is_synced=options.sync == "full",
            is_strict=options.late_seconds is not None,
        )
        self._judge = Permissions(
            options.iam,
            self._cloud.functions.keys,
            self._cloud.facts,
            {"lambda": self._cloud.functions.owned, "states": lambda arn: self.step_functions.owned(arn)},
            self._cloud.account_of,
            options.region,
            lambda machine: self.step_functions.role_of(machine),
        )
        self._own_key = options.token or _OWN_KEY
        roles = Roles(self._judge, self._cloud.functions.keys, self._own_key)
        # What would be judged or delayed on its way goes the whole way.
        is_short = options.iam == "off" and options.late_seconds is None

        def services_of(region: str, role: str) -> Services:
            services = AsAmazon(AwsServices(self._session(region, roles.key(role)), refusal))
            invoke = partial(self._cloud.functions.invoke_in, Owner(options.account, region))
            return OwnFunctions(services, invoke) if is_short else services

        self._mocks = Mocks(options.mocks)
        work = self._mocks.around(TaskWork(self._nested, services_of, roles.judge_task))
        items = RoleItems(
            lambda machine: self.step_functions.role_of(machine),
            lambda role: S3Objects(
                LazyClient(lambda: self._session(options.region, roles.key(role)).client("s3"))
            ),
            self._judge,
        )
        self.host = Host(journal, options.clock, work, items=items)
        self._mocks.bind(self.host)
        # Functions are ended last: what becomes of a task then is no answer.
        for part in (self._cloud, self.host, self._nested):
            self._closing.callback(part.close)
        self._retention = None if options.keep_ms is None else Retention(self.host, options.keep_ms)
        if self._retention is not None:
            self._closing.callback(self._retention.close)
        testing = Testing(work, options.clock)
        self._logs = ExecutionLogs(self.host, lru_cache(maxsize=16)(self._log_client))
        self._closing.callback(self._logs.close)
        self.step_functions = StepFunctionsService(
            self.host,
            testing,
            self._logs,
            self._cloud.account_of,
            options.region,
            late_seconds=options.late_seconds,
            mocks=self._mocks,
        )
        self._targets = EventTargets(
            self.host,
            self._cloud,
            self.step_functions.start_for,
            lambda region, service: self._session(region, self._own_key).client(service),
            roles.judge_target,
        )
        self._closing.callback(self._targets.close)
        StatusEvents(self.host, self._targets)
        self._cloud.listeners.append(self._targets.hear)
        self._schedules = Schedules(self.host, self._targets, self._cloud.schedules)
        self._cloud.refresh_schedules = self._schedules.refresh
        sources = self._cloud.functions.event_sources
        self._pollers = EventPollers(
            self.host,
            sources,
            lambda owner, function, payload: self._cloud.functions.invoke(function, payload, owner=owner),
            lambda region, service: self._session(region, self._own_key).client(service),
            matches,
        )
        self._closing.callback(self._pollers.close)
        self._cloud.hear_change = self._pollers.hear
        sources.changed = self._pollers.refresh
        # The store tells one local service from another.
        where = f"local service {options.store.resolve()}"
        source = ServiceSource(partial(self._call, Caller(options.account, options.region)), self.host, where)
        viewer = Viewer(source)
        self._closing.callback(viewer.close)
        upkeep = Upkeep(options.store, self.host, self._cloud, listed)
        self._gateway = Gateway(
            service=self.step_functions.answer,
            viewer=viewer.answer,
            upkeep=upkeep.answer,
            cloud=self._cloud.answer,
            guard=self._judge.guard,
            token=options.token,
            is_issued=self._cloud.is_issued,
        )

    @classmethod
    def start(cls, options: Options) -> LocalService:
        """Open the store, go on with what ran, and answer from now on.

        Raises:
            StepError: another service holds the store, or it can't be opened.
            OSError: the address can't be listened on.
        """
        service = cls(options)
        try:
            service._nested.bind(service.host, service.step_functions)
            service._mocks.open()
            service._logs_again(service.host.open())
            service._nested.open()
            service._logs.open()
            service._targets.open()
            if service._retention is not None:
                service._retention.open()
            service._schedules.refresh()
            service._server.start()
            service._pollers.refresh()
        except BaseException:
            service.close()
            raise
        return service

    def close(self) -> None:
        """Stop answering; what runs goes on when the store is opened again."""
        self._closing.close()

    def _call(self, caller: Caller, operation: str, parameters: Mapping[str, Any]) -> JSONObject:
        return self.step_functions.call(operation, caller, dict(parameters))

    def _answer(self, request: Request) -> Response:
        return self._gateway.answer(request)

    def _answer_own(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer a request of the service's own, which needn't leave the process."""
        parts = urlsplit(url)
        request = Request(method, parts.path or "/", parts.query, headers, body, "127.0.0.1")
        status, told, content = self._answer(request)
        return status, told, content if isinstance(content, bytes) else b"".join(content)

    def _admit(self, head: Request) -> Response | None:
        return self._gateway.admit(head)

    def _logs_again(self, arns: list[str]) -> None:
        """Deliver what executions that go on do from now on."""
        with self.host.lock:
            for arn in arns:
                live, row = self.host.live(arn), self.host.journal.execution(arn)
                if live is not None and row is not None:
                    configuration = json.loads(row.info)["more"].get("logging", {})
                    self._logs.watch(live, configuration, live.kernel.count)

    def _log_client(self, region: str, account: str) -> Any:
        key = self._cloud.functions.keys.of(KeyHolder(account))
        return self._session(region, key).client("logs")

    def _session(self, region: str, key: str) -> EndpointSession:
        return EndpointSession(lambda: self.endpoint, region, key, self._answer_own)


def _reachable(host: str) -> str:
    """Give the address that this machine reaches the service by."""
    own = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{own}]" if ":" in own else own
