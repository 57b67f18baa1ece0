"""What a command line can be given by accident: bytes that are no text, no numbers, broken streams.

Each ends with one line that names what was wrong, and status 2; nothing with a traceback.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from step.cli.main import main

MACHINE = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}}
STEP = [sys.executable, "-m", "step.cli.main"]
NO_TEXT = {
    "latin-1": (b'"caf\xe9"', "not UTF-8 text: byte 0xe9 in line 1, at offset 4"),
    "utf-16": ('"a"'.encode("utf-16"), "UTF-16 by its first bytes: save it as UTF-8"),
    "surrogate": (b'"\xed\xa0\x80"', "not UTF-8 text: byte 0xed"),
    "cut": ('"\u2014"'.encode()[:2], "not UTF-8 text: byte 0xe2"),
}
NO_JSON = {
    "half of a pair": (rb'"\ud800"', "half of a surrogate pair"),
    "half of a pair as key": (rb'{"a": {"\udc00": 1}}', "half of a surrogate pair"),
    "NaN": (b"[NaN]", "NaN is no number"),
    "infinite": (b"-1e999", "-1e999 is no number"),
    "digits": (b"1" * 5000, "not JSON"),
    "deep": (b"[" * 100_000, "not JSON"),
    "nothing": (b"", "not JSON"),
    "null byte": (b"\0", "not JSON"),
    "marked": ("\ufeff{}".encode(), "not JSON"),
}
DEPLOY = ("-step", "m", "-lambda", "f", "-zip", "f.zip", "-region", "eu-west-1")
# What of a command reads a file, as FILE.
READERS = {
    "run --input": ("run", "rest.asl.json", "--input", "@FILE"),
    "start --input": ("start", "rest", "--input", "@FILE"),
    "send --success": ("send", "token", "--success", "@FILE"),
    "graph --execution": ("graph", "rest.asl.json", "--execution", "FILE"),
    "deploy --smoke": ("deploy", *DEPLOY, "-states", "{}", "--smoke", "@FILE"),
}
TEXT_READERS = READERS | {
    "run --mocks": ("run", "rest.asl.json", "--mocks", "FILE", "Case"),
    "send TOKEN": ("send", "@FILE", "--heartbeat"),
    "deploy -states": ("deploy", *DEPLOY, "-states", "FILE"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rest.asl.json").write_text(json.dumps(MACHINE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


Told = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def told(*words: str) -> str:
        try:
            status: object = main(words)
        except SystemExit as ended:
            status = ended.code
        printed = capsys.readouterr()
        assert (status, printed.out) == (2, "")
        assert len(printed.err.splitlines()) == 1
        return printed.err

    return told


@pytest.mark.parametrize("kind", NO_TEXT)
@pytest.mark.parametrize("reader", TEXT_READERS)
def test_a_file_that_is_no_text_is_named(reader: str, kind: str, folder: Path, told: Told) -> None:
    data, said = NO_TEXT[kind]
    (folder / "FILE").write_bytes(data)

    assert f"FILE: {said}" in told(*TEXT_READERS[reader])


@pytest.mark.parametrize("kind", NO_JSON)
@pytest.mark.parametrize("reader", READERS)
def test_a_text_that_is_no_json_is_refused(reader: str, kind: str, folder: Path, told: Told) -> None:
    data, said = NO_JSON[kind]
    (folder / "FILE").write_bytes(data)

    assert said in told(*READERS[reader])


@pytest.mark.parametrize("kind", NO_TEXT)
def test_stdin_that_is_no_text_is_named_in_any_locale(
    kind: str, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, said = NO_TEXT[kind]
    stream = io.TextIOWrapper(io.BytesIO(data), encoding="ascii", errors="surrogateescape")
    monkeypatch.setattr("sys.stdin", stream)

    assert f"stdin: {said}" in told("run", "rest.asl.json", "--input", "-")


@pytest.mark.parametrize("kind", NO_TEXT)
def test_a_definition_that_is_no_text_is_refused(
    kind: str, folder: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.dumps({"Comment": "HERE", **MACHINE}).encode()
    (folder / "m.asl.json").write_bytes(whole.replace(b'"HERE"', NO_TEXT[kind][0]))

    assert main(["lint", "m.asl.json"]) == 1
    assert "Not UTF-8 text, at byte" in capsys.readouterr().out
    for command in ("json", "graph", "run"):
        assert "Not UTF-8 text, at byte" in told(command, "m.asl.json")


@pytest.mark.parametrize(
    "words",
    [
        ("run", "rest.asl.json", "--seed", "\udcff"),
        ("run", "rest.asl.json", "--input", '"\udcff"'),
        ("run", "rest.asl.json", "--store", "store", "--name", "\udcff"),
        ("run", "rest.asl.json", "--task", "Rest=\udcff"),
        ("json", "rest.asl.json", "--set", "name=\udcff"),
        ("lint", "rest.asl.json", "--set", "name=\udcff"),
        ("start", "\udcff"),
        ("send", "\udcff", "--heartbeat"),
        ("send", "token", "--failure", "Error", "\udcff"),
        ("serve", "--token", "\udcff"),
    ],
)
def test_words_that_are_no_text_are_refused(words: tuple[str, ...], told: Told) -> None:
    assert r"\xff" in told(*words)


def test_a_file_s_name_may_be_any_bytes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "rest.asl.json", "--out", "\udcff.svg"]) == 0
    assert (folder / "\udcff.svg").exists()


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "0", "-1", "1e300", "x", "", "1_0e9"])
@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("run", "rest.asl.json", "--store", "store")])
def test_a_speed_is_a_number_that_a_clock_can_have(words: tuple[str, ...], number: str, told: Told) -> None:
    assert f"--speed: {number}: expected a number above 0" in told(*words, f"--speed={number}")


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("run", "rest.asl.json")])
def test_a_store_that_can_t_be_made_is_what_is_blamed(
    words: tuple[str, ...], folder: Path, told: Told
) -> None:
    (folder / "file").write_text("")

    error = told(*words, "--store", "file/store")

    assert "file/store" in error
    assert "Not a directory" in error
    assert "port" not in error


@pytest.mark.parametrize(
    "token", ["-abC", "--9", "-_", "-YWJj=", "--heartbeat2", "-Gh0kQz5kqg2XJmQx-uVd1mbK8mUcSx2S0mM0f1yYV8="]
)
def test_a_token_may_begin_with_a_dash(
    token: str, told: Told, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    place = ("--endpoint", f"http://127.0.0.1:{unused_port}", "--region", "eu-west-1")

    # It comes as far as the call.
    assert "can't be reached" in told("send", token, "--heartbeat", *place)
    assert "can't be reached" in told("send", "--failure", "-E1", "-C1", *place, token)


@pytest.mark.parametrize("word", ["--hartbeat", "-x", "--hartbeat=1"])
def test_a_misspelt_option_is_no_token(word: str, told: Told) -> None:
    assert "unrecognized" in told("send", "token", "--heartbeat", word)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# ---------------------------------------------------------------- streams

# What the shell does to the streams -> status, stdout, a part of stderr.
STREAMS = {
    "stdout closed": (">&-", 0, "", ""),
    "stderr closed": ("2>&-", 0, "status  SUCCEEDED", ""),
    "all closed": ("<&- >&- 2>&-", 0, "", ""),
    "stdin closed": ("--input - <&-", 2, "", "--input: not JSON"),
    "stdout full": (">/dev/full", 2, "", "No space left on device"),
    "stdout's reader gone": ("| true", 0, "", "Started"),
    "stderr's reader gone": ("2>&1 >&3 | true", 141, "", ""),
}


@pytest.mark.parametrize("case", STREAMS)
def test_a_stream_that_is_broken_changes_no_answer(case: str, folder: Path) -> None:
    words, status, out, error = STREAMS[case]
    before, _, after = words.partition("--input -")
    options = "--input -" if "--input -" in words else ""
    code = f'"$@" {options} {before}{after}'
    script = f"set -o pipefail; exec 3>&1; {code}"

    done = subprocess.run(
        ["bash", "-c", script, "bash", *STEP, "run", "rest.asl.json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )

    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == status
    assert out in done.stdout
    assert error in done.stderr


def test_progress_goes_nowhere_where_stderr_is_closed(folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" 2>&-', "bash", *STEP, "run", "rest.asl.json", "--output", "json"],
        stdout=subprocess.PIPE,
        check=True,
    )

    assert json.loads(done.stdout)["status"] == "SUCCEEDED"


def test_the_status_is_the_execution_s_though_nobody_reads_its_output(folder: Path) -> None:
    (folder / "no.asl.json").write_text('{"StartAt": "No", "States": {"No": {"Type": "Fail"}}}')

    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" | true', "bash", *STEP, "run", "no.asl.json", "--quiet"],
        check=False,
    )

    assert done.returncode == 1
