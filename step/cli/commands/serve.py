"""``step serve``: the local service, until it is told to end; in the background if that is asked for."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from step.cli.detached import detach, stop
from step.cli.inputs import kept_ms, speed
from step.durable.clocks import Clock, RealClock, VirtualClock
from step.errors import StepError
from step.local.boundary import Boundary, kept
from step.local.confined import AWS_HOSTS
from step.local.http import is_loopback
from step.served import DEFAULT_STORE, Served, said_in, served

if TYPE_CHECKING:
    from step.local.serving import LocalService

EXAMPLES = (
    "step serve",
    "step serve --store /var/lib/step --port 4567",
    "step serve --clock virtual --handlers lambda",
    "step serve --iam enforce",
    "step serve --port 0 --output json",
    "step serve --detach --clock virtual",
    "step serve --stop",
)
EXITS = {
    0: "ended by SIGTERM or Ctrl-C; what ran goes on when the store is served again (--detach: it is ready)",
    1: "--status, --stop: nobody serves the store",
    2: "wrong use, or it can't start: the message says what to do",
}
DEFAULT_PORT = 4566


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--store",
        type=Path,
        metavar="FOLDER",
        help=f"keep everything here (default: a temporary folder; in the background: {DEFAULT_STORE})",
    )
    background = parser.add_mutually_exclusive_group()
    background.add_argument(
        "--detach",
        action="store_true",
        help="go on in the background once it is ready, unless the store is served already",
    )
    background.add_argument("--status", action="store_true", help="say where the store's service is")
    background.add_argument("--stop", action="store_true", help="end the store's service, and wait for that")
    add("--port", type=int, default=DEFAULT_PORT, help=f"0: any free one (default: {DEFAULT_PORT})")
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="one that others reach needs a token")
    add("--token", metavar="TEXT", help="what every request must show (default: STEP_TOKEN, or nothing)")
    add("--clock", choices=("real", "virtual"), default="real", help="virtual: jump over waits")
    add("--speed", type=speed, default=1.0, metavar="N", help="of the real clock: at 60 an hour is a minute")
    add("--handlers", type=Path, metavar="FOLDER", help="run its functions in this process, reloading them")
    add(
        "--mocks",
        type=Path,
        metavar="FILE",
        help="a MockConfigFile, for executions started as ARN#CASE (default: SFN_MOCK_CONFIG)",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let tasks and functions call this other machine (repeatable; *.example.com)",
    )
    add("--allow-aws", action="store_true", help="let the functions of --handlers use your AWS account")
    add(
        "--iam",
        choices=("off", "log", "enforce"),
        default="off",
        help="judge requests by the policies of who signed them: write down, or refuse",
    )
    add(
        "--strict",
        action="store_true",
        help="be as unkind as AWS may be: old reads, throttling, slow updates",
    )
    add("--sync", choices=("normal", "full"), default="normal", help="full: survive a loss of power as well")
    add(
        "--keep",
        type=kept_ms,
        default="90d",
        metavar="TIME",
        help="forget executions so long after their end: 90d, 12h, 30m, forever (default: 90d, as AWS)",
    )
    add("--region", default="us-east-1", help="of requests that aren't signed (default: us-east-1)")
    add("--output", choices=("text", "json"), default="text", help="json: one line when it is ready")


def run(options: argparse.Namespace) -> int:
    if options.status or options.stop:
        return _status_or_stop(options, options.store or DEFAULT_STORE)
    token = options.token or os.environ.get("STEP_TOKEN")
    _check(options, token)
    # What executions and functions have kept is nobody else's.
    os.umask(0o077)
    if not options.detach:
        return _serve(options, token, lambda: None)
    options.store = options.store or DEFAULT_STORE
    running = served(options.store)
    if running is not None:
        _say(options, running, options.store.resolve())
        return 0
    return detach(options.store, lambda ready: _serve(options, token, ready))


def _status_or_stop(options: argparse.Namespace, store: Path) -> int:
    running = stop(store) if options.stop else served(store)
    if running is None:
        print(f"step serve: nobody serves {store}", file=sys.stderr)
        return 1
    if options.stop:
        print(f"stopped process {running.pid}; {store} keeps everything")
    else:
        _say(options, running, store.resolve())
    return 0


def _serve(options: argparse.Namespace, token: str | None, ready: Callable[[], None]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    # All of the process: what the emulation sends (SNS to an HTTP endpoint, say), too.
    own = Boundary((options.host, *options.allow_host, *(AWS_HOSTS if options.allow_aws else ())))
    with suppress(_Ended), kept(own), _store(options.store) as name:
        folder = Path(name).resolve()
        service = _started(options, folder, token)
        try:
            told = Served(service.endpoint, service.viewer, os.getpid())
            with said_in(folder, told):
                _say(options, told, folder)
                ready()
                while True:
                    signal.pause()
        finally:
            service.close()
    return 0


class _Ended(BaseException):
    """The process is to end; everything is closed on the way out."""


def _end(number: int, frame: FrameType | None) -> NoReturn:
    # A second signal while the first is obeyed ends at once.
    for again in (signal.SIGTERM, signal.SIGINT):
        signal.signal(again, signal.SIG_DFL)
    raise _Ended


def _check(options: argparse.Namespace, token: str | None) -> None:
    if options.speed != 1 and options.clock == "virtual":
        raise StepError("--speed is the real clock's; a virtual clock jumps")
    if options.store is not None and options.store.exists() and not options.store.is_dir():
        raise StepError(f"--store {options.store}: this is a file; a folder is needed")
    if not is_loopback(options.host) and not token:
        raise StepError(f"--host {options.host} can be reached by others: give a --token, or STEP_TOKEN")
    if options.handlers is not None and not options.handlers.is_dir():
        raise StepError(f"--handlers {options.handlers}: there is no such folder")
    mocks = _mocks(options)
    if mocks is not None and not mocks.is_file():
        raise StepError(f"--mocks {mocks}: there is no such file")
    if options.allow_aws and options.handlers is None:
        raise StepError("--allow-aws: only together with --handlers; deployed functions get no keys")


def _mocks(options: argparse.Namespace) -> Path | None:
    named = options.mocks or os.environ.get("SFN_MOCK_CONFIG")
    return Path(named).absolute() if named else None


def _store(folder: Path | None) -> AbstractContextManager[str]:
    """Give the store's folder; one that nobody named goes when the service ends."""
    if folder is not None:
        return nullcontext(str(folder))
    return tempfile.TemporaryDirectory(prefix="step-", ignore_cleanup_errors=True)


def _started(options: argparse.Namespace, folder: Path, token: str | None) -> LocalService:
    from step.local.serving import LocalService, Options
    from step.local.strictness import LATE_SECONDS

    clock: Clock = VirtualClock() if options.clock == "virtual" else RealClock(options.speed)
    try:
        return LocalService.start(
            Options(
                store=folder,
                clock=clock,
                host=options.host,
                port=options.port,
                sync=options.sync,
                keep_ms=options.keep,
                token=token,
                handlers=options.handlers,
                mocks=_mocks(options),
                hosts=tuple(options.allow_host),
                has_account=options.allow_aws,
                region=options.region,
                iam=options.iam,
                late_seconds=LATE_SECONDS if options.strict else None,
            )
        )
    except OSError as error:
        if error.filename is not None:
            raise StepError(f"--store: {error.filename}: {error.strerror}") from error
        raise StepError(f"--host {options.host} --port {options.port}: {error.strerror or error}") from error


def _say(options: argparse.Namespace, told: Served, folder: Path) -> None:
    if options.output == "json":
        print(json.dumps({**asdict(told), "store": str(folder)}), flush=True)
        return
    print(f"endpoint  {told.endpoint}   (AWS_ENDPOINT_URL={told.endpoint})")
    print(f"viewer    {told.viewer}")
    note = "(temporary: everything goes when the service ends; --store keeps it)"
    store = options.store or (DEFAULT_STORE if options.status else f"{folder}   {note}")
    print(f"store     {store}", flush=True)
