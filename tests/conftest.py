"""What holds for every test: no network, components by name, the same random examples in CI."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator

import hypothesis
import pytest

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"

# A component is something that the locked dependencies don't bring; the probe says if it is here.
COMPONENTS: dict[str, Callable[[], bool]] = {
    "make": lambda: shutil.which("make") is not None,
    "git": lambda: shutil.which("git") is not None,
    "browser": lambda: any(map(shutil.which, ("chromium", "chromium-browser"))),
    "terraform": lambda: shutil.which("terraform") is not None,
}

hypothesis.settings.register_profile("local", deadline=None, max_examples=50)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


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
