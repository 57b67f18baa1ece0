"""Steps a second of DBOS on SQLite: a workflow of steps, a commit each; run by the peers' interpreter.

``python dbos_steps.py FOLDER STEPS SYNC`` prints the number. SYNC: ``default`` leaves the database as DBOS
makes it; ``normal`` gives it a write-ahead log that isn't flushed at every commit:
what ``step`` has by default.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pysqlite3

# DBOS needs a newer SQLite than Python may have been built with.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

import sqlalchemy  # noqa: E402
from dbos import DBOS  # noqa: E402


@DBOS.step()
def step(number: int) -> int:
    return number + 1


@DBOS.workflow()
def workflow(steps: int) -> int:
    number = 0
    for _ in range(steps):
        number = step(number)
    return number


def main() -> None:
    folder, steps, sync = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if sync == "normal":

        @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
        def relax(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    config: Any = {
        "name": "bench",
        "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}",
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    workflow(20)
    begun = time.perf_counter()
    workflow(steps)
    print(steps / (time.perf_counter() - begun))
    DBOS.destroy()


if __name__ == "__main__":
    main()
