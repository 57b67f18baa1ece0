"""What keeps a store in order: backups, and the deletion of old executions; of one that is served or not.

A served store is its service's: it is asked, at an address that answers programs on their own and no page.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from step.clock import now_ms, pause
from step.durable.copies import copy_files, filled
from step.durable.host import Host
from step.durable.journal import ExecutionRow, Journal
from step.durable.retention import Retention
from step.durable.store_folder import CLOUD, DATABASE, FUNCTIONS
from step.errors import Refused, StepError
from step.jsonvalue import JSONObject
from step.local.cloud import Cloud
from step.local.cloud.request_log import RequestLog
from step.local.http import Request, Response

BASE = "/_step/store/"
# What is made again of the rest, when it is needed.
_MADE_AGAIN = ("unpacked", "runtimes")
# Others have their turn at the lock this often.
_BETWEEN_SECONDS = 0.005
_log = logging.getLogger("step.local.service")


class Cleaned(NamedTuple):
    """What a cleaning deleted, or would: executions by their machines' ARNs, without child executions.

    ``bytes_before`` and ``bytes_after`` are the size of the journal.
    """

    executions: Mapping[str, int]
    bytes_before: int
    bytes_after: int


def is_for_upkeep(request: Request) -> bool:
    """Say whether a request is about the store itself."""
    return request.path.startswith(BASE)


class Upkeep:
    """Looks after the store of a running service.

    Args:
        show: Writes an execution as the service lists it.
    """

    def __init__(
        self, store: Path, host: Host, cloud: Cloud, show: Callable[[ExecutionRow], JSONObject]
    ) -> None:
        self._store = store
        self._host = host
        self._cloud = cloud
        self._show = show

    def answer(self, request: Request) -> Response:
        """Answer a request; whatever it is, never with an exception."""
        try:
            return _json(200, self._answer(request))
        except Refused as refused:
            return _json(403 if refused.code == "CrossSite" else 400, _told(refused.code, refused.message))
        except StepError as problem:
            return _json(400, _told("StepError", str(problem)))
        except OSError as problem:
            return _json(507, _told("StoreFull", f"{problem.filename}: {problem.strerror}"))
        except Exception as error:  # a damaged store: the service goes on
            _log.exception("%s", request.path)
            return _json(400, _told(type(error).__name__, str(error)))

    def _answer(self, request: Request) -> JSONObject:
        if request.is_from_page or request.method != "POST":
            raise Refused("CrossSite", "the store is asked for by programs, with POST, not by pages")
        asked = _texts(request.body)
        match request.path.removeprefix(BASE), asked:
            case "backup", {"folder": folder}:
                self.back_up(Path(folder))
                return {}
            case "clean", {"keep_ms": keep_ms, **more} if keep_ms.isdigit():
                cleaned = self.clean(int(keep_ms), is_dry="dry" in more)
                return {**cleaned._asdict(), "executions": dict(cleaned.executions)}
            case "search", {"text": text, "limit": limit, **more} if limit.isdigit():
                found = self.search(text, more.get("machine"), more.get("status"), int(limit))
                return {"executions": [self._show(row) for row in found]}
            case _:
                raise Refused("ValidationException", "there is no such request")

    def search(self, text: str, machine: str | None, status: str | None, limit: int) -> list[ExecutionRow]:
        """Look through all executions, the last begun first, for a text in name, input or end."""
        found: list[ExecutionRow] = []
        before: int | None = None
        while before != 0 and len(found) < limit:
            # Others have their turn in between.
            with self._host.lock:
                some, before = self._host.journal.search(
                    text, machine, status, before=before, limit=limit - len(found)
                )
            found += some
        return found

    def back_up(self, folder: Path) -> None:
        """Copy the store, to the last input that was acknowledged; what runs goes on.

        Raises:
            StepError: something is there already.
            OSError: it can't be written.
        """
        # What an execution has done elsewhere is done again where it isn't recorded: the record comes first.
        with filled(folder) as target:
            self._host.copy_to(target)
            self._cloud.copy_to(target)
            _copy_functions(self._store, target)

    def clean(self, keep_ms: int, *, is_dry: bool) -> Cleaned:
        """Delete the executions that ended longer ago, while the service runs.

        Raises:
            StoreFull: not all of it could be written.
        """
        with self._host.lock:
            found = self._host.journal.ended_before(self._host.clock.now_ms() - keep_ms)
        before = after = _size(self._store)
        if not is_dry:
            retention = Retention(self._host, keep_ms)
            while retention.sweep():
                pause(_BETWEEN_SECONDS)
            after = _size(self._store)
        return Cleaned(found, before, after)


def back_up_closed(store: Path, folder: Path) -> None:
    """Copy a store that no service holds.

    Raises:
        StepError: there is no store, a service holds it, or something is there already.
        OSError: it can't be written.
    """
    with closing(_open(store)) as journal, filled(folder) as target:
        journal.copy_to(target)
        with closing(RequestLog(store / CLOUD)) as log:
            log.copy_to(target / CLOUD)
            log.copy_contents(target / CLOUD)
        _copy_functions(store, target)


def clean_closed(store: Path, keep_ms: int, *, is_dry: bool) -> Cleaned:
    """Delete the executions of a store that no service holds, and write it anew.

    Raises:
        StepError: there is no store, a service holds it, or it can't be written.
    """
    with closing(_open(store)) as journal:
        before_ms = max(now_ms(), journal.last_ms()) - keep_ms
        found, before = journal.ended_before(before_ms), _size(store)
        if not is_dry:
            while journal.forget_ended(before_ms, seconds=1.0):
                pass
            journal.compact()
        return Cleaned(found, before, _size(store))


def _open(store: Path) -> Journal:
    if not (store / DATABASE).is_file():
        raise StepError(f"{store}: there is no store here")
    return Journal(store)


def _copy_functions(store: Path, target: Path) -> None:
    copy_files(store / FUNCTIONS, target / FUNCTIONS, without=_MADE_AGAIN)


def _size(store: Path) -> int:
    files = (store / DATABASE, store / f"{DATABASE}-wal")
    return sum(file.stat().st_size for file in files if file.exists())


def _texts(body: bytes) -> dict[str, str]:
    try:
        asked: Any = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
        raise Refused("ValidationException", "expected a JSON object of texts")
    return asked


def _told(code: str, message: str) -> JSONObject:
    return {"error": code, "message": message}


def _json(status: int, body: JSONObject) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
