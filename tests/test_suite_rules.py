"""The rules that the root conftest lays on every test: no network, and components by name."""

from __future__ import annotations

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
