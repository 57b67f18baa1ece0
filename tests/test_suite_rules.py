"""The rules that the root conftest lays on every test: no network, and components by name."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SUITE = """
import sys
import pytest

sys.modules["conftest"].COMPONENTS["a press"] = lambda: False

@pytest.mark.requires_component("a press")
def test_printing(): ...

@pytest.mark.requires_component("a prass")
def test_misspelt(): ...
"""


def run_suite(folder: Path, **environment: str) -> str:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = requires_component(name)\n")
    (folder / "test_components.py").write_text(SUITE)
    inherited = {name: value for name, value in os.environ.items() if name != "REQUIRE_ALL"}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider"]
    finished = subprocess.run(
        command, cwd=folder, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    return finished.stdout


def test_missing_component_is_a_named_skip(tmp_path: Path) -> None:
    report = run_suite(tmp_path)

    assert "needs a press, which this machine lacks" in report
    assert "1 skipped, 1 error" in report
    assert "knows no component 'a prass'" in report


def test_missing_component_fails_when_all_are_required(tmp_path: Path) -> None:
    report = run_suite(tmp_path, REQUIRE_ALL="1")

    assert "needs a press, which this machine lacks, and REQUIRE_ALL=1 is set" in report
    assert "2 errors" in report


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.invalid"])
def test_connection_to_another_machine_fails_the_test(host: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=f"the test reached for '{host}'"):
        socket.create_connection((host, 80), timeout=1)


def test_guard_sees_a_socket_that_asks_for_no_address() -> None:
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 80))


def test_connection_to_this_machine_passes_the_guard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=lambda: server.accept()[0].close())
        accepting.start()
        with socket.create_connection(("localhost", server.getsockname()[1]), timeout=10) as client:
            assert client.recv(1) == b""
        accepting.join()


# Those who look again and again, and why nobody can tell them.
LOOKS_AGAIN = {
    "conformance/api_cases.py": "the runner's cases are of a service without a stream of changes",
    "contract/test_stepfunctions.py": "an account of AWS tells nobody",
    "durable/killed_host.py": "its tokens are answered between kills",
    "durable/stage.py": "waits until nothing happens, which nothing tells",
    "local/functions/test_functions.py": "a file that is taken away tells nobody",
    "local/service/test_event_sources.py": "a queue tells nobody that a message was taken or came back",
    "local/service/test_execution_logs.py": "CloudWatch Logs tells nobody",
    "local/service/test_restarts.py": "a function that is to be killed leaves a file",
    "terraform/test_usage.py": "an execution that an event started tells nobody",
}


def test_tests_wait_for_events_and_never_for_time() -> None:
    folder = Path(__file__).parent

    waiting = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        for place in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if is_sleep(place) or is_busy_wait(place)
    }

    assert sorted(waiting) == sorted(LOOKS_AGAIN)


def is_sleep(place: ast.AST) -> bool:
    """Tell ``time.sleep`` and ``step.clock.pause``, by whatever they are imported as; asyncio's is none."""
    match place:
        case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return True
        case ast.ImportFrom(module="time" | "step.clock", names=names):
            return any(name.name in ("sleep", "pause") for name in names)
    return False


def is_busy_wait(place: ast.AST) -> bool:
    match place:
        case ast.While(body=[ast.Pass() | ast.Continue() | ast.Expr(value=ast.Constant())]):
            return True
    return False
