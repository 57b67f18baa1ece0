from __future__ import annotations

from typing import Any

import pytest

from step.local.functions import pool as pools
from step.local.functions.pool import Pool
from step.local.functions.worker import Worker


class FakeWorker:
    is_alive = True
    is_closed = False

    def close(self) -> None:
        self.is_closed, self.is_alive = True, False


def start() -> Any:
    return FakeWorker()


def test_a_worker_that_died_is_replaced() -> None:
    pool = Pool()
    with pool.worker("f", start) as first:
        pass
    first.is_alive = False  # type: ignore[misc]  # a fake's attribute

    with pool.worker("f", start) as second:
        pass

    assert first is not second
    pool.close()


def test_a_worker_whose_invocation_broke_is_ended() -> None:
    pool = Pool()

    with pytest.raises(RuntimeError), pool.worker("f", start) as worker:
        raise RuntimeError

    assert not worker.is_alive
    pool.close()


def test_so_many_idle_workers_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_MOST_IDLE", 2)
    pool = Pool()
    workers: list[Worker] = []
    for key in "abcd":
        with pool.worker(key, start) as worker:
            workers.append(worker)

    with pool.worker("e", start):
        pass

    assert [worker.is_alive for worker in workers] == [False, False, True, True]
    pool.close()
    assert not any(worker.is_alive for worker in workers)


def test_functions_that_wait_for_functions_get_a_worker_where_all_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "_MOST_AT_ONCE", 1)
    monkeypatch.setattr(pools, "_PATIENCE_SECONDS", 0.01)
    pool = Pool()

    with pool.worker("outer", start) as outer, pool.worker("inner", start) as inner:
        assert inner is not outer

    pool.close()
