"""What a page asks its reader to do, done: its blocks of files and commands, in order, in an empty folder.

A block with ``title="NAME"`` is a file. In a ``console`` block a line with ``$`` is a command, and what
stands below it must come in its output, line by line in that order; ``...`` stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from step.cli.detached import stop
from step.served import DEFAULT_STORE

ROOT = Path(__file__).resolve().parents[2]
FENCED = re.compile(
    r"^(?P<fence>```+)(?P<info>[^\n]*)\n(?P<text>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE
)
# In front of a block that no test runs, with the reason.
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>[^>]+) -->\s*\Z")
# Behind a command whose exit status isn't 0.
STATUS = re.compile(r"\s+# exit status (?P<status>\d+)\Z")
SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a page. ``file`` is where its text goes; ``reason``: why no test runs it."""

    language: str
    file: str | None
    text: str
    line: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, with what the page says of its output."""

    text: str
    shown: tuple[str, ...]
    status: int


def blocks(page: str) -> Iterator[Block]:
    """Read the blocks of a page."""
    for match in FENCED.finditer(page):
        language, _, rest = match["info"].partition(" ")
        title = re.search(r'title="([^"]+)"', rest)
        left_out = NOT_RUN.search(page, 0, match.start())
        yield Block(
            language=language,
            file=title[1] if title else None,
            text=match["text"],
            line=page.count("\n", 0, match.start()) + 1,
            reason=left_out["reason"] if left_out else None,
        )


def commands(block: Block) -> Iterator[Command]:
    """Read the commands of a block; a backslash or a quote that is open takes the next line too."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        text = lines.pop(0)
        while lines and text.endswith("\\"):
            text += "\n" + lines.pop(0)
        status = STATUS.search(text)
        yield Command(
            text=STATUS.sub("", text),
            shown=tuple(line for line in lines if line.strip()),
            status=int(status["status"]) if status else 0,
        )


class Reader:
    """Somebody who does what a page says, in a folder with this interpreter's ``step`` on the path."""

    def __init__(self, folder: Path, page: Path) -> None:
        self.folder = folder
        self._page = page.relative_to(ROOT)
        self._text = page.read_text(encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ENV"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # A reader's pytest has step's plugin and no other.
        plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "step.testing.plugin"}
        self.environment = {**kept, **plugins, "PATH": path}

    def follow(self) -> int:
        """Do all of it; say how many blocks were done.

        Raises:
            AssertionError: something comes out otherwise than the page says.
        """
        done = 0
        for block in blocks(self._text):
            if block.reason is None and block.file is not None:
                file = self.folder / block.file
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
                done += 1
            elif block.reason is None and block.language == "console":
                for command in commands(block):
                    self.run(f"{self._page}:{block.line}: $ {command.text}", command)
                done += 1
        return done

    def close(self) -> None:
        """End what a page that failed has left in the background."""
        stop(self.folder / DEFAULT_STORE)

    def run(self, place: str, command: Command) -> None:
        """Do a command, and see what comes of it."""
        export = re.fullmatch(r"export (\w+)=(\S*)", command.text)
        if export:
            self.environment[export[1]] = export[2]
            return
        change = re.fullmatch(r"mkdir (\S+) && cd \1", command.text)
        if change:
            self.folder = self.folder / change[1]
            self.folder.mkdir()
            return
        done = subprocess.run(
            ["bash", "-c", command.text],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == command.status, f"{place}: exit status {done.returncode}\n{done.stdout}"
        check_shown(place, command.shown, done.stdout)


def check_shown(place: str, shown: tuple[str, ...], output: str) -> None:
    """See that a page's lines come in an output, in their order.

    Raises:
        AssertionError: one doesn't.
    """
    lines = iter(output.splitlines())
    for wanted in shown:
        parts = map(re.escape, re.split(r"\.\.\.", wanted.strip()))
        pattern = re.compile(".*".join(parts))
        if wanted.strip() != "...":
            found = any(pattern.fullmatch(line.strip()) for line in lines)
            assert found, f"{place}\nthe page shows: {wanted}\nthe output is:\n{output}"
