"""Waiting for what a host does, in this process: by hearing of every change of an execution."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from step.durable.host import Host

Seen = TypeVar("Seen")


def wait_until(host: Host, look: Callable[[], Seen]) -> Seen:
    """Look, and again after each change of an execution, until there is something to see."""
    changes: SimpleQueue[str] = SimpleQueue()
    with host.lock:
        host.listeners.append(changes.put)
    try:
        while not (seen := look()):
            changes.get(timeout=120)
        return seen
    finally:
        with host.lock:
            host.listeners.remove(changes.put)
