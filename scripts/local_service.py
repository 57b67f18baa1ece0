"""The local service as a process in the background: start it, find it again, stop it.

build/local/service.json says where it is: true only where it answers with that folder.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("build/local")
ADDRESS_FILE, LOG_FILE = "service.json", "service.log"
# Loading moto is most of it.
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# Nobody's keys: what the local service is called with, so that no real ones get near it.
LOCAL_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
}


class ServiceError(Exception):
    """The local service can't be started; the message says why."""


@dataclass(frozen=True)
class Service:
    """A running local service."""

    endpoint: str
    viewer: str
    pid: int

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Service:
        """Read what the service says of itself."""
        return cls(str(document["endpoint"]), str(document["viewer"]), int(document["pid"]))

    def serves(self, folder: Path) -> bool:
        """Whether it is at its address, and is the one that keeps everything in this folder."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_step/api/about", timeout=5) as answer:
                return bool(json.load(answer)["where"] == f"local service {folder.resolve()}")
        except (OSError, ValueError, KeyError, TypeError):
            return False


def find(folder: Path = FOLDER) -> Service | None:
    """Find the service that was started in this folder; None where it doesn't run any more."""
    try:
        text = (folder / ADDRESS_FILE).read_text(encoding="utf-8")
        service = Service.from_json(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return service if service.serves(folder) else None


def start(folder: Path = FOLDER) -> Service:
    """Start the service on a free port, unless it runs; it goes on when this process ends.

    Raises:
        ServiceError: it ended at once, or said nothing for a minute.
    """
    running = find(folder)
    if running is not None:
        return running
    folder.mkdir(parents=True, exist_ok=True)
    # Waits are jumped: a bread is baked in a second. CLOCK=real takes the time that it takes.
    clock = os.environ.get("CLOCK", "virtual")
    # Whether policies are enforced: off, log or enforce; and whether it is as unkind as AWS may be.
    iam = os.environ.get("IAM", "off")
    command = [sys.executable, "-m", "step.cli.main", "serve", "--port", "0", "--output", "json"]
    command += ["--strict"] if os.environ.get("STRICT") == "1" else []
    with (folder / LOG_FILE).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, "--clock", clock, "--iam", iam, "--store", str(folder.resolve())],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return _wait_until_found(process, folder)


def stop(folder: Path = FOLDER) -> bool:
    """End the service; False where none runs."""
    service = find(folder)
    if service is not None:
        os.kill(service.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while service.serves(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    return service is not None


def environment(service: Service | None = None) -> dict[str, str]:
    """Return this process's environment without anything of a real AWS; with the service's address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    address = {} if service is None else {"AWS_ENDPOINT_URL": service.endpoint}
    # Configuration files may name profiles, roles and endpoints.
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **LOCAL_ENVIRONMENT, **files, **address}


def _wait_until_found(process: subprocess.Popen[bytes], folder: Path) -> Service:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        service = find(folder)
        if service is not None:
            return service
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.terminate()
    log = folder / LOG_FILE
    said = log.read_text(encoding="utf-8").strip().splitlines()[-1:]
    raise ServiceError(f"the local service didn't start: {' '.join(said) or 'it said nothing'} ({log})")


def main() -> int:
    """Start or stop the service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("start", "stop"))
    action = parser.parse_args().action
    if action == "stop":
        print("stopped" if stop() else "no local service runs here")
        return 0
    try:
        service = start()
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 3
    print(f"endpoint {service.endpoint}\nviewer   {service.viewer}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
