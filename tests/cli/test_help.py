"""What a stranger meets first: help, misspelt commands, a page of all commands, and how fast that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from step.cli.catalog import COMMANDS, exits, load
from step.cli.main import command_parser, main
from step.cli.reference import page, statuses_page

ROOT = Path(__file__).resolve().parents[2]
STEP = [sys.executable, "-m", "step.cli.main"]


def test_the_table_of_commands_and_the_folder_of_commands_agree() -> None:
    folder = ROOT / "step" / "cli" / "commands"

    assert sorted(COMMANDS) == sorted(file.stem for file in folder.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert getattr(load(name), "EXAMPLES", ()), "give the command EXAMPLES"
    assert all(example.startswith(("step ", "arn=$(step ")) for example in load(name).EXAMPLES)
    assert {0, 2} <= set(exits(name))
    unexplained = [
        action.dest for action in command_parser(name)._actions if not action.help and action.default is None
    ]
    assert unexplained == []
    assert "Traceback" not in told


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    # python -m step.cli.reference > docs/commands.md writes it anew
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page()


def test_the_page_of_exit_statuses_is_what_the_commands_say() -> None:
    # python -m step.cli.reference statuses > docs/reference/exit-statuses.md writes it anew
    found = (ROOT / "docs" / "reference" / "exit-statuses.md").read_text(encoding="utf-8")
    assert found == statuses_page()


def test_help_loads_no_command_and_no_interpreter() -> None:
    code = (
        "import sys; from step.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('step.', 'boto'))], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set(eval(done.stderr)) == {
        "step.cli",
        "step.cli.main",
        "step.cli.catalog",
        "step.cli.streams",
        "step.errors",
    }
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_no_command_loads_boto3_before_it_asks_aws() -> None:
    names = ", ".join(f"step.cli.commands.{name}" for name in COMMANDS)
    code = f"import {names}, sys; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["histroy", "x"], "no command 'histroy' (did you mean 'history'?)"),
        (["frobnicate"], "no command 'frobnicate'; `step --help` lists them"),
        ([], "usage: step COMMAND ..."),
    ],
)
def test_a_word_that_is_no_command_answers_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_the_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0

    assert capsys.readouterr().out.startswith("step 0.")


def test_a_pipe_that_is_closed_early_is_no_error() -> None:
    step = subprocess.Popen(
        [*STEP, "run", "bread", "--quiet", "--output", "json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert step.stdout is not None
    assert step.stderr is not None
    step.stdout.close()

    assert (step.stderr.read(), step.wait()) == (b"", 0)
    step.stderr.close()


def test_a_terminal_without_the_characters_gets_codes_instead_of_an_error() -> None:
    done = subprocess.run(
        [*STEP, "run", "bread", "--quiet"],
        cwd=ROOT,
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )

    assert b"\\u2500" in done.stdout
