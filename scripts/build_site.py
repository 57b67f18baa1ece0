"""Gather the pages of the site and build it: build/site-tools/bin/python scripts/build_site.py.

The pages stay where they are read on GitHub. A copy of each goes to build/site-pages, its links led to where
the pages are on the site; what pages link to that is no page (a definition, a handler) becomes one. A link
that leads nowhere, an anchor that isn't there, and a page that the navigation doesn't have fail the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PAGES = BUILD / "site-pages"
SITE = BUILD / "site"
CONFIG = ROOT / "docs" / "zensical.toml"
# Pages outside of docs/, and where they are on the site.
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "modules/README.md": "modules/index.md",
    "docs/decisions/README.md": "decisions/index.md",
}
# Folders whose own folders have a page each.
FOLDERS = ("examples", "modules")
LANGUAGES = {".tf": "terraform", ".py": "python", ".json": "json", ".toml": "toml", ".yml": "yaml"}
PICTURES = {".png", ".svg"}
# The theme takes this from elsewhere; the site has a copy of its own.
SHIM, OWN_SHIM = "https://unpkg.com/iframe-worker/shim", "assets/iframe-worker.js"
OWN = ("assets/site.css", "assets/site.js")
FOREIGN = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?(https?://[^"' >]+)""")
# Pages that others list: modules by their index, sources by what tells of them.
FOUND_BY_LINK = re.compile(r"(modules|source)/")
LINK = re.compile(r"(?P<head>!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()(?P<target>[^()\s#]+)(?P<anchor>#[^()\s]*)?\)")
FENCE = re.compile(r"^( *)(```+|~~~+).*?^\1\2`*\s*$", re.DOTALL | re.MULTILINE)


def pages() -> dict[str, str]:
    """Say where each page of the repository is on the site."""
    found = {f"docs/{name}": name for name in _names(ROOT / "docs", "*.md")}
    for folder in FOLDERS:
        for name in _names(ROOT / folder, "*/README.md"):
            found[f"{folder}/{name}"] = f"{folder}/{PurePosixPath(name).parent}.md"
    return {name: place for name, place in {**found, **ELSEWHERE}.items() if (ROOT / name).exists()}


def _names(folder: Path, pattern: str) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob(pattern))


def links(text: str) -> Iterator[re.Match[str]]:
    """Find the links of a page to files, those in blocks of code left out."""
    code = [block.span() for block in FENCE.finditer(text)]
    for match in LINK.finditer(text):
        inside = any(start <= match.start() < end for start, end in code)
        if not inside and "://" not in match["target"] and not match["target"].startswith("mailto:"):
            yield match


def target_of(page: str, match: re.Match[str]) -> str:
    """Say which file of the repository a link leads to."""
    return os.path.normpath((PurePosixPath(page).parent / match["target"]).as_posix())


class Gathering:
    """The pages on their way to the site."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places = pages()
        self.problems: list[str] = []

    def gather(self) -> None:
        """Write every page, what pages link to, and the index for language models."""
        for page, place in list(self._places.items()):
            text = (ROOT / page).read_text(encoding="utf-8")
            self._write(place, self._led(page, place, text))

    def _led(self, page: str, place: str, text: str) -> str:
        parts: list[str] = []
        end = 0
        for match in links(text):
            parts += [text[end : match.start()], self._link(page, place, match)]
            end = match.end()
        return "".join([*parts, text[end:]])

    def _link(self, page: str, place: str, match: re.Match[str]) -> str:
        target = target_of(page, match)
        if not (ROOT / target).exists():
            self.problems.append(f"{page}: no {match['target']}")
            return match[0]
        led = os.path.relpath(self._place(target), PurePosixPath(place).parent)
        return f"{match['head']}{led}{match['anchor'] or ''})"

    def _place(self, target: str) -> str:
        """Say where a file is on the site; what isn't there yet is put there."""
        if (ROOT / target).is_dir():
            target = next((name for name in _inside(target) if name in self._places), _inside(target)[0])
        if target not in self._places:
            file = ROOT / target
            if file.suffix in PICTURES:
                self._places[target] = target.removeprefix("docs/")
                copy = self._folder / self._places[target]
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
            else:
                # A folder whose name begins with a dot would be left out.
                self._places[target] = f"source/{target.lstrip('.')}.md"
                self._write(self._places[target], _source_page(target, file.read_text(encoding="utf-8")))
        return self._places[target]

    def _write(self, place: str, text: str) -> None:
        file = self._folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _inside(folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in ("README.md", "main.tf")]


def _source_page(name: str, text: str) -> str:
    fence = "`" * (3 + text.count("```"))
    return f"# {name}\n\n{fence}{LANGUAGES.get(PurePosixPath(name).suffix, 'text')}\n{text}{fence}\n"


def navigation(config: dict[str, Any]) -> list[tuple[str, str, str]]:
    """List the pages of the navigation: section, title, place."""
    return list(_entries(config["project"]["nav"], ""))


def _entries(entries: list[Any], section: str) -> Iterator[tuple[str, str, str]]:
    for entry in entries:
        for title, value in entry.items():
            if isinstance(value, str):
                yield section, title, value
            else:
                yield from _entries(value, section or title)


def index_for_models(config: dict[str, Any], folder: Path) -> str:
    """Write llms.txt: every page with its first sentence."""
    project = config["project"]
    lines = [f"# {project['site_name']}", "", f"> {project['site_description']}"]
    last = None
    for section, title, place in navigation(config):
        if section != last:
            lines += ["", f"## {section or 'Start'}", ""]
            last = section
        lines.append(f"- [{title}]({place}): {_first_sentence((folder / place).read_text(encoding='utf-8'))}")
    return "\n".join([*lines, ""])


def _first_sentence(text: str) -> str:
    paragraphs = re.split(r"\n\s*\n", FENCE.sub("", text))
    plain = next((part for part in paragraphs if re.match(r"[\w*`\[\"(]", part.strip())), "")
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(plain.split())).replace("**", "")
    return re.split(r"(?<=[.:?]) (?=[A-Z`])", plain)[0]


def keep_home(site: Path) -> set[str]:
    """Lead the pages to the site's own script; say what else they would fetch from other places."""
    shutil.copy(ROOT / "docs" / OWN_SHIM, site / OWN_SHIM)
    foreign: set[str] = set()
    for file in site.rglob("*.html"):
        own = os.path.relpath(site / OWN_SHIM, file.parent)
        text = file.read_text(encoding="utf-8").replace(SHIM, own)
        file.write_text(text, encoding="utf-8")
        foreign.update(url for url in FOREIGN.findall(text) if not url.startswith("https://www.w3.org/"))
    return foreign


def main() -> int:
    """Build the site; exit status 1 says that something of it is wrong."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copy(CONFIG, BUILD)
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    gathering = Gathering(PAGES)
    gathering.gather()
    (PAGES / "assets").mkdir(exist_ok=True)
    for name in OWN:
        shutil.copy(ROOT / "docs" / name, PAGES / name)
    listed = [place for _section, _title, place in navigation(config)]
    written = {*_names(PAGES, "*.md")}
    problems = [
        *gathering.problems,
        *(
            f"docs/zensical.toml: the navigation names {place}, which is no page"
            for place in listed
            if place not in written
        ),
        *(
            f"docs/zensical.toml: {place} isn't in the navigation"
            for place in sorted(written.difference(listed))
            if not FOUND_BY_LINK.match(place)
        ),
    ]
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    plain = {**os.environ, "NO_COLOR": "1"}
    built = subprocess.run(command, cwd=BUILD, env=plain, capture_output=True, text=True, check=False)
    if built.returncode:
        print(built.stdout.partition("Traceback")[0], built.stderr.partition("Traceback")[0], file=sys.stderr)
        return 1
    foreign = keep_home(SITE)
    if foreign:
        print(f"the site takes from elsewhere: {', '.join(sorted(foreign))}", file=sys.stderr)
        return 1
    shutil.copytree(PAGES, SITE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.png", "*.svg"))
    (SITE / "llms.txt").write_text(index_for_models(config, PAGES), encoding="utf-8")
    print(f"{len(listed)} pages in {SITE.relative_to(ROOT)}: open {SITE.relative_to(ROOT)}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
