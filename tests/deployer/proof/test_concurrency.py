"""Deployers in threads over one AWS in memory: their calls come in an order that only the seed decides.

The short form takes a few seeds; SOAK=1 takes many.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from step.deployer import commit, lock
from step.deployer.looking import are_same
from tests.deployer.memory_aws import Call
from tests.deployer.proof.judge import ENDS, _deploy_next
from tests.deployer.world import Gone, Run, World

SEEDS = range(300 if os.environ.get("SOAK") == "1" else 6)
DEPLOYERS, DEPLOYS = 4, 12
# One call in so many is its execution's last: it is stopped from outside.
ONE_STOPPED_IN = 150
# What the loser of a race may say.
LOST = ("LockHeld: ", "LockLost: ", "LeaseRunning: ", "LiveMoved: ", "ResourceProblem: ", "Interfered: ")


class Runs:
    """The executions under way of each thread by itself, as ``World.runs`` has them."""

    def __init__(self) -> None:
        self._mine = threading.local()

    @property
    def _list(self) -> list[Run]:
        mine: list[Run] = self._mine.__dict__.setdefault("runs", [])
        return mine

    def append(self, run: Run) -> None:
        self._list.append(run)

    def remove(self, run: Run) -> None:
        self._list.remove(run)

    def __getitem__(self, index: int) -> Run:
        return self._list[index]

    def __len__(self) -> int:
        return len(self._list)


class Turns:
    """Lets one thread go on at a time, from its call to its next one; which one, the seed decides."""

    def __init__(self, seed: int, names: set[str]) -> None:
        self.draw = random.Random(seed)
        self._changed = threading.Condition()
        self._under_way = set(names)
        self._waiting: set[str] = set()
        self._turn = ""

    def take(self) -> None:
        """Wait for a turn; the last one is over."""
        me = threading.current_thread().name
        with self._changed:
            if self._turn == me:
                self._turn = ""
            self._waiting.add(me)
            self._give()
            self._changed.wait_for(lambda: self._turn == me, timeout=60)
            assert self._turn == me, "the threads wait for each other"
            self._waiting.discard(me)

    def leave(self) -> None:
        """Take no turn any more."""
        me = threading.current_thread().name
        with self._changed:
            self._turn = "" if self._turn == me else self._turn
            self._under_way.discard(me)
            self._give()

    def _give(self) -> None:
        if not self._turn and self._under_way and self._waiting == self._under_way:
            self._turn = self.draw.choice(sorted(self._waiting))
            self._changed.notify_all()


def _crowd(seed: int) -> tuple[World, list[Run], list[str]]:
    """Let deployers deploy at once; give the world, how the deploys ended, and what was wrong meanwhile."""
    world, ended, wrong = World(), [], []
    world.runs = Runs()  # type: ignore[assignment]  # behaves as the list of each thread
    names = {f"deployer-{number}" for number in range(DEPLOYERS)}
    turns, alone, settled = Turns(seed, names), world.aws.on_call, [world.aws.live(world.target)]

    def on_call(call: Call, do: Callable[[], Any]) -> Any:
        turns.take()
        return alone(call, do)

    def stop(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        answer = do()
        if run.state == "ReleaseLock" and "PutItem" in call.action:
            name = run.name
            if not world.runs_exactly(name):
                wrong.append(f"{name} gives the lock back, and live is {world.aws.live(world.target)}")
            settled.append(world.aws.live(world.target))
            return answer
        if world.lock.get("phase") == "COMMITTED":
            # It is live alone: whoever comes next finishes it.
            settled.append(world.aws.live(world.target))
        if turns.draw.randrange(ONE_STOPPED_IN) == 0:
            world.stop(run)
            raise Gone
        return answer

    def deploy_some() -> None:
        try:
            for _ in range(DEPLOYS):
                turns.take()
                release = world.release(world.next_number())
                ended.append(world.deploy(release))
        finally:
            turns.leave()

    world.aws.on_call, world.intervene = on_call, stop
    threads = [threading.Thread(target=deploy_some, name=name) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.aws.on_call, world.intervene, world.runs = alone, None, []
    item = lock.LockItem.from_item(world.lock)
    if not are_same(item.prev if item.is_armed else world.aws.live(world.target), settled[-1]):
        wrong.append(f"live is {world.aws.live(world.target)}; the last success was {settled[-1]}")
    return world, ended, wrong


def _problems(seed: int) -> list[str]:
    world, ended, wrong = _crowd(seed)
    lost = [run.cause or "" for run in ended if run.end == "FailureClean"]
    return [
        *wrong,
        *world.mixes,
        *(f"{run.arn} ended as {run.end}" for run in ended if run.end not in (*ENDS[:2], "ABORTED")),
        *(cause for cause in lost if not cause.startswith(LOST)),
        *_deploy_next(world),
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_deployers_at_once_leave_nothing_hidden_mixed_or_stuck(seed: int) -> None:
    assert _problems(seed) == []


def test_deployers_at_once_without_a_lock_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def acquire(self: lock.Lock, release: str, release_sha256: str) -> lock.LockItem:
        return lock.LockItem(owner=self.owner)

    monkeypatch.setattr(lock.Lock, "acquire", acquire)
    monkeypatch.setattr(lock.Lock, "_write", lambda self, fence, set, **more: None)
    monkeypatch.setattr(lock.Lock, "_is_ours", lambda self, record: True)
    monkeypatch.setattr(commit, "check_routes", lambda *about: None)

    assert any(_problems(seed) for seed in range(6))


def test_one_seed_is_one_order() -> None:
    (one, _, _), (other, _, _) = _crowd(1), _crowd(1)

    assert one.calls == other.calls
