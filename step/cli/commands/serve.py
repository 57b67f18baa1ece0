"""``step serve``: the local service, until it is told to end."""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from step.cli.inputs import kept_ms, speed
from step.durable.clocks import Clock, RealClock, VirtualClock
from step.durable.store_folder import ADDRESS
from step.errors import StepError
from step.local.boundary import Boundary, kept
from step.local.confined import AWS_HOSTS
from step.local.http import is_loopback

if TYPE_CHECKING:
    from step.local.serving import LocalService

EXAMPLES = (
    "step serve",
    "step serve --store build/local --port 4566",
    "step serve --clock virtual --handlers lambda",
    "step serve --iam enforce",
    "step serve --port 0 --output json",
)
EXITS = {
    0: "ended by SIGTERM or Ctrl-C; what ran goes on when the store is served again",
    2: "wrong use, or it can't start: the message says what to do",
}
DEFAULT_PORT = 4566


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--store", type=Path, metavar="FOLDER", help="keep everything here (default: a temporary folder)")
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
    token = options.token or os.environ.get("STEP_TOKEN")
    _check(options, token)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    # What executions and functions have kept is nobody else's.
    os.umask(0o077)
    # All of the process: what the emulation sends (SNS to an HTTP endpoint, say), too.
    own = Boundary((options.host, *options.allow_host, *(AWS_HOSTS if options.allow_aws else ())))
    with suppress(_Ended), kept(own), _store(options.store) as folder:
        service = _started(options, Path(folder).resolve(), token)
        try:
            about = {"endpoint": service.endpoint, "viewer": service.viewer, "pid": os.getpid()}
            with _address(options.store, about):
                _say(options, about, folder)
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


def _say(options: argparse.Namespace, about: Mapping[str, object], folder: str) -> None:
    if options.output == "json":
        print(json.dumps(about), flush=True)
        return
    print(f"endpoint  {about['endpoint']}   (AWS_ENDPOINT_URL={about['endpoint']})")
    print(f"viewer    {about['viewer']}")
    kept = (
        ""
        if options.store is not None
        else "   (temporary: everything goes when the service ends; --store keeps it)"
    )
    print(f"store     {folder}{kept}", flush=True)


@contextmanager
def _address(store: Path | None, about: Mapping[str, object]) -> Iterator[None]:
    """Leave word in the store of where its service is, as long as it runs."""
    if store is None:
        yield
        return
    file = store / ADDRESS
    new = file.with_suffix(".new")
    new.write_text(json.dumps(about) + "\n", encoding="utf-8")
    new.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
