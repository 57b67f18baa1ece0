"""The pytest plugin: fixtures that load machines and compare paths.

Registered by installing step; imports the interpreter only when a fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from step.machine import StateMachine


@pytest.fixture
def load_machine(pytestconfig: pytest.Config) -> Callable[..., StateMachine]:
    """Load a machine: ``load_machine("states/bread.asl.json", substitutions={...})``.

    A relative path starts at pytest's root folder. A bare name is states/NAME.asl.json with the handlers of
    lambda/NAME.py attached, where that file is.
    """
    from step.machine import StateMachine
    from step.machine.files import definition_file, handlers_file, load_handlers

    def load(name: str | Path, *, substitutions: Mapping[str, str] | None = None) -> StateMachine:
        file = definition_file(name, pytestconfig.rootpath)
        machine = StateMachine.from_file(file, substitutions=substitutions)
        handlers = handlers_file(file, None)
        return machine.attach(load_handlers(handlers)) if handlers else machine

    return load


@pytest.fixture
def assert_path() -> Callable[..., None]:
    """Compare an execution's path with names of states, side by side where they differ."""
    from step.testing.paths import assert_path

    return assert_path
