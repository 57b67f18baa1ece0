from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from step.errors import Refused
from step.local.functions import Functions, Owner
from step.local.http import Request

RUNTIME = f"python3.{sys.version_info.minor}"
OWNER = Owner("123456789012", "us-east-1")


class NoObjects:
    def read(self, owner: Owner, bucket: str, key: str, version: str | None) -> bytes:
        raise Refused("NoSuchKey", "no objects here")


def opened(folder: Path, handlers: Path | None = None) -> Functions:
    return Functions(
        folder, owner=OWNER, objects=NoObjects(), endpoint=lambda: "http://127.0.0.1:1", handlers=handlers
    )


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    functions = opened(tmp_path / "lambda")
    yield functions
    functions.close()


def create(functions: Functions, code: str | bytes, *, name: str = "f", **more: object) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", code if isinstance(code, str) else "")
        if isinstance(code, bytes):
            archive.writestr("native.so", code)
    asked = {
        "FunctionName": name,
        "Role": "arn:aws:iam::123456789012:role/r",
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Code": {"ZipFile": base64.b64encode(file.getvalue()).decode()},
        **more,
    }
    request = Request("POST", "/2015-03-31/functions", "", {}, json.dumps(asked).encode(), "")
    response = functions.answer(request, OWNER)
    assert response.status == 201, response.body


def until(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_another_python_is_refused_with_both_sides_named(functions: Functions) -> None:
    create(functions, "", Runtime="python3.7")
    create(functions, "", name="node", Runtime="nodejs22.x")

    with pytest.raises(Refused, match=rf"needs the runtime python3.7; the local service runs {RUNTIME}"):
        functions.invoke("f")
    with pytest.raises(Refused, match=rf"function:node needs the runtime nodejs22.x; .* {RUNTIME}\.$"):
        functions.invoke("node", kind="DryRun")


def test_native_code_of_another_machine_is_refused_with_both_sides_named(functions: Functions) -> None:
    header = b"\x7fELF" + bytes(14) + (8).to_bytes(2, "little") + bytes(40)  # MIPS
    create(functions, header)

    with pytest.raises(Refused, match="holds native code for another machine; the local service runs on"):
        functions.invoke("f")


def test_a_handler_sees_what_lambda_gives_it_and_nothing_of_this_process(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVICE", "x")
    create(
        functions,
        "import os, sys\n"
        "def handler(event, context):\n"
        "    try:\n"
        "        import pytest\n"
        "        found = True\n"
        "    except ImportError:\n"
        "        found = False\n"
        "    return [dict(os.environ), found, context.get_remaining_time_in_millis(), os.getcwd()]\n",
        MemorySize=256,
        Environment={"Variables": {"OWN": "1", "PYTHONPATH": "/nowhere"}},
    )

    environment, has_pytest, left_ms, folder = json.loads(functions.invoke("f").payload)

    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/f"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["OWN"] == "1"
    assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert environment["LAMBDA_TASK_ROOT"] == folder
    holder = functions.keys.holder(environment["AWS_ACCESS_KEY_ID"])
    assert holder is not None
    assert holder.account == "123456789012"
    assert "SECRET_OF_THE_SERVICE" not in environment
    assert not has_pytest
    assert 0 < left_ms <= 3000


def test_invocations_at_once_have_a_process_each(functions: Functions, tmp_path: Path) -> None:
    # Each says that it is there, and stays until all are.
    here, go = tmp_path / "here", tmp_path / "go"
    for pipe in (here, go):
        os.mkfifo(pipe)
    heard, said = os.open(here, os.O_RDWR), os.open(go, os.O_RDWR)
    code = "import os\ndef handler(e, c):\n"
    code += f"    open({str(here)!r}, 'w').write('.')\n    open({str(go)!r}, 'rb', 0).read(1)\n"
    create(functions, f"{code}    return os.getpid()\n", Timeout=120)
    found: list[bytes] = []

    threads = [Thread(target=lambda: found.append(functions.invoke("f").payload)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert os.read(heard, 1) == b"."
    os.write(said, b"...")
    for thread in threads:
        thread.join()
    os.close(heard)
    os.close(said)

    assert len(set(found)) == 3


def test_closing_ends_every_process(tmp_path: Path) -> None:
    functions = opened(tmp_path)
    create(functions, "import os\ndef handler(e, c): return os.getpid()\n")
    process = int(functions.invoke("f").payload)

    functions.close()

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_an_event_that_was_accepted_is_run_after_a_restart(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    create(
        functions := opened(tmp_path / "lambda"),
        f"import pathlib\ndef handler(event, c): pathlib.Path({str(mark)!r}).write_text(event['word'])\n",
    )
    functions._events.close()  # as if it died before anything ran
    functions.invoke("f", b'{"word": "done"}', kind="Event")
    functions.close()
    assert not mark.exists()

    again = opened(tmp_path / "lambda")
    until(mark.exists)
    until(lambda: not list((tmp_path / "lambda" / "events").glob("*.json")))
    again.close()

    assert mark.read_text() == "done"


def test_what_is_known_of_a_function_survives_a_restart(tmp_path: Path) -> None:
    functions = opened(tmp_path)
    create(functions, "def handler(e, c): return c.function_version\n", Publish=True)
    before = functions.answer(Request("GET", "/2015-03-31/functions/f", "Qualifier=1", {}, b"", ""), OWNER)
    functions.close()

    again = opened(tmp_path)
    after = again.answer(Request("GET", "/2015-03-31/functions/f", "Qualifier=1", {}, b"", ""), OWNER)
    invocation = again.invoke("f", qualifier="1")
    again.close()

    assert isinstance(before.body, bytes)
    assert isinstance(after.body, bytes)
    # Where the code is told to be is signed anew by every process.
    assert json.loads(after.body)["Configuration"] == json.loads(before.body)["Configuration"]
    assert (invocation.payload, invocation.executed_version) == (b'"1"', "1")


def test_zips_that_nothing_uses_are_dropped_at_a_start(tmp_path: Path) -> None:
    functions = opened(tmp_path)
    create(functions, "def handler(e, c): return 1\n")
    functions.answer(Request("DELETE", "/2015-03-31/functions/f", "", {}, b"", ""), OWNER)
    functions.close()

    opened(tmp_path).close()

    assert list((tmp_path / "code" / "zips").iterdir()) == []


def test_a_folder_of_handlers_stands_for_functions(tmp_path: Path) -> None:
    (tmp_path / "bread.py").write_text(
        "import os\ndef handler(event, context): return [event, os.getpid()]\n"
    )
    functions = opened(tmp_path / "lambda", tmp_path)

    invocation = functions.invoke(f"{OWNER.arn}:function:bread:live", b"1")
    functions.close()

    assert json.loads(invocation.payload) == [1, os.getpid()]


def test_logs_wait_until_they_are_taken(functions: Functions) -> None:
    create(functions, "def handler(e, c): print('kneading')\n")
    functions.invoke("f")

    (written,) = functions.take_logs()

    assert (written.group, written.account) == ("/aws/lambda/f", "123456789012")
    assert "kneading\n" in written.text
    assert not functions.has_logs
