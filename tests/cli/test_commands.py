"""The command line as a user types it: what goes to stdout and stderr, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from step.cli.main import main

HANDLERS = """
from step import TaskHandlers

handlers = TaskHandlers()


@handlers.task("Greet")
def greet(name: str) -> dict[str, str]:
    if name == "nobody":
        raise LookupError("nobody is there")
    return {"greeting": f"Hello {name}"}
"""
MACHINE = {
    "StartAt": "Greet",
    "States": {
        "Greet": {"Type": "TaskFn", "TimeoutSeconds": 5, "Next": "Rest"},
        "Rest": {"Type": "Wait", "Seconds": 60, "End": True},
    },
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "states").mkdir()
    (tmp_path / "lambda").mkdir()
    (tmp_path / "states" / "greet.asl.json").write_text(json.dumps(MACHINE, indent=2))
    (tmp_path / "lambda" / "greet.py").write_text(HANDLERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def broken(repository: Path, text: str | None = None) -> str:
    document = json.loads(json.dumps(MACHINE))
    document["States"]["Greet"]["Next"] = "Rset"
    file = repository / "broken.asl.json"
    file.write_text(json.dumps(document, indent=2) if text is None else text)
    return str(file)


def test_run_finds_the_handlers_beside_the_definition(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["run", "states/greet.asl.json", "--input", '"Ada"', "--output", "json"])

    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert status == 0
    assert list(document) == ["status", "output", "error", "cause", "path", "elapsed_seconds", "history"]
    assert document["output"] == {"greeting": "Hello Ada"}
    assert document["path"] == ["Greet", "Rest"]
    assert document["elapsed_seconds"] == 60
    assert document["history"][-1]["timestamp"] == "2026-01-01T00:01:00.000Z"
    assert len(printed.err.splitlines()) == len(document["history"])


def test_run_refuses_a_picture_of_an_unknown_kind(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "greet", "--picture", "path.png"])

    assert ended.value.code == 2
    assert "path.png: expected a name that ends in .svg, .dot or .mmd" in capsys.readouterr().err
    assert not Path("path.png").exists()


def test_run_answers_1_for_a_failed_execution(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["run", "greet", "--input", '"nobody"', "--quiet"])

    printed = capsys.readouterr()
    assert status == 1
    assert "LookupError" in printed.out
    assert printed.err == ""


def test_run_takes_results_from_the_command_line(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["run", "greet", "--task", 'Greet={"greeting": "Hi"}', "--output", "json", "--quiet"])

    assert status == 0
    assert json.loads(capsys.readouterr().out)["output"] == {"greeting": "Hi"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["run", "greet", "--input", "{"], "--input: not JSON"),
        (["run", "greet", "--task", "Greet={"], "--task Greet: not JSON"),
        (["run", "greet", "--task", "Great=1"], "did you mean 'Greet'?"),
        (["run", "greet", "--mocks", "none.json", "Case"], "none.json: No such file"),
        (["run", "greet", "--handlers", "none.py"], "none.py: no such handler file"),
        (["serve", "--port", "65536"], "port 65536: expected 0 to 65535"),
        (["serve", "--store", "states/greet.asl.json"], "this is a file; a folder is needed"),
        (["json", "greet", "--set", "x"], "expected NAME=TEXT"),
        (["graph", "greet", "--execution", "states/greet.asl.json"], "expected an object with a history"),
    ],
)
def test_wrong_use_answers_2_with_one_line(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    status = main(words)

    printed = capsys.readouterr()
    assert status == 2
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    "source",
    ["raise RuntimeError('at import')", "import this_is_no_module", "x = 1", "def f(:"],
    ids=["raises", "imports", "no-handlers", "no-python"],
)
def test_a_handler_file_that_is_wrong_is_named_in_one_line(
    repository: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    (repository / "lambda" / "greet.py").write_text(source)

    status = main(["run", "greet"])

    error = capsys.readouterr().err
    assert status == 2
    assert "greet.py: " in error
    assert len(error.splitlines()) == 1


def test_handlers_without_the_definitions_task_are_refused(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "lambda" / "greet.py").write_text(HANDLERS.replace('"Greet"', '"Gret"'))

    status = main(["run", "greet"])

    assert status == 2
    assert "no handler for 'Greet'" in capsys.readouterr().err


def test_lint_lists_every_problem_with_place_and_line(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["lint", broken(repository), "--output", "json"])

    rows = json.loads(capsys.readouterr().out)
    assert status == 1
    assert list(rows[0]) == ["file", "severity", "code", "message", "location", "line"]
    [missing] = [row for row in rows if row["location"] == "/States/Greet/Next"]
    assert missing["code"] == "MISSING_TRANSITION_TARGET"
    assert missing["line"] == 7
    assert "Rest" in missing["message"]


@pytest.mark.parametrize("text", ["{", "", "[]", "null", '{"StartAt": NaN}', "\x00", "[" * 100_000])
def test_lint_answers_1_for_what_is_no_definition(
    repository: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    status = main(["lint", broken(repository, text)])

    printed = capsys.readouterr()
    assert status == 1
    assert "error" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("command", ["json", "graph", "run"])
def test_other_commands_list_the_same_problems_and_answer_2(
    repository: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    file = broken(repository)
    main(["lint", file])
    listed = capsys.readouterr().out

    status = main([command, file])

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert printed.err == listed


def test_lint_of_a_sound_definition_answers_0(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["lint", "greet", "--output", "json"])

    assert status == 0
    assert all(row["severity"] == "WARNING" for row in json.loads(capsys.readouterr().out))


def test_json_prints_plain_asl_and_loses_nothing(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["json", "greet"])

    document = json.loads(capsys.readouterr().out)
    greet = document["States"]["Greet"]
    assert status == 0
    assert greet["Type"] == "Task"
    assert greet["Resource"] == "${function_arn}"
    assert greet["Parameters"]["Task"] == "Greet"
    assert greet["TimeoutSeconds"] == 5
    assert document["States"]["Rest"] == MACHINE["States"]["Rest"]  # type: ignore[index]  # a literal above


def test_json_puts_the_function_in(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:greet"

    main(["json", "greet", "--function", arn])

    assert json.loads(capsys.readouterr().out)["States"]["Greet"]["Resource"] == arn


@pytest.mark.parametrize(
    ("format", "begins"), [("svg", "<svg"), ("dot", "digraph"), ("mermaid", "flowchart TD")]
)
def test_graph_lays_an_executed_path_over_the_picture(
    repository: Path, capsys: pytest.CaptureFixture[str], format: str, begins: str
) -> None:
    main(["run", "greet", "--input", '"Ada"', "--output", "json", "--quiet"])
    (repository / "execution.json").write_text(capsys.readouterr().out)
    main(["graph", "greet", "--format", format])
    plain = capsys.readouterr().out

    status = main(["graph", "greet", "--format", format, "--execution", "execution.json"])

    taken = capsys.readouterr().out
    assert status == 0
    assert begins in plain
    assert "Greet" in plain
    assert taken != plain


def test_the_installed_command_answers_to_its_name(repository: Path) -> None:
    command = Path(sys.executable).with_name("step")

    done = subprocess.run(
        [command, "run", "greet", "--input", '"Ada"'], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert "SUCCEEDED" in done.stdout
    assert "TaskStateEntered" in done.stderr
