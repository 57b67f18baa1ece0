"""One contract, two places: the local service, and with STEP_AWS=1 the account of the environment.

A test marked ``aws`` is one that costs nothing there and cleans up after itself; without the mark it is run
against the local service only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest

from tests.serving import ServeProcess

IS_AWS = os.environ.get("STEP_AWS") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "aws: says what AWS does; STEP_AWS=1 runs it in the environment's account"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if IS_AWS and "contract" in item.path.parts and item.get_closest_marker("aws") is None:
            item.add_marker(pytest.mark.skip(reason="only the local service is meant"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """A local service for the whole session."""
    folder = tmp_path_factory.mktemp("service")
    process = ServeProcess(folder, "--store", str(folder / "store"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="session")
def aws(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give boto3 clients: of the local service, or of AWS where STEP_AWS=1."""
    if IS_AWS:
        return partial(boto3.client)
    process: ServeProcess = request.getfixturevalue("service")
    return process.client
