"""Which files a handler needs: its imports, followed through the code of step without running any.

Reads source files; knows no wheel and no zip.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from step.errors import StepError

# Another Python than the one that packs may run the handler: what newer ones have more.
_STANDARD = sys.stdlib_module_names | {"annotationlib", "compression"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one handler file needs beside the standard library.

    ``files``: the modules of step, by their path in the package. ``foreign``: the top-level names of
    everything else that is imported, and the file that first does so. ``entry``: what Lambda calls.
    """

    files: Mapping[str, Path]
    foreign: Mapping[str, Path]
    entry: str


@dataclass(slots=True)
class _Search:
    root: Path
    package: str
    files: dict[str, Path] = field(default_factory=dict)
    foreign: dict[str, Path] = field(default_factory=dict)

    def visit(self, file: Path, package: str) -> None:
        for name, member in _imports(_parse(file), package):
            if name.split(".")[0] == self.package:
                self.module(name)
                if member is not None:
                    self.member(name, member)
            elif name.split(".")[0] not in _STANDARD:
                self.foreign.setdefault(name.split(".")[0], file)

    def module(self, name: str) -> bool:
        """Take a module of step, with the packages around it; False where there is none of that name."""
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            found = _module_file(self.root, parts[:depth])
            if found is None:
                return False
            key = found.relative_to(self.root).as_posix()
            if key in self.files:
                continue
            self.files[key] = found
            inner = parts[:depth] if found.name == "__init__.py" else parts[: depth - 1]
            self.visit(found, ".".join(inner))
        return True

    def member(self, package: str, member: str) -> None:
        """Take ``from package import member``: a module, or a name that the package loads on first use."""
        if self.module(f"{package}.{member}"):
            return
        init = _module_file(self.root, package.split("."))
        home = _late_exports(_parse(init)).get(member) if init is not None else None
        if home is not None:
            self.module(home)


def find_needs(handler: Path, root: Path, package: str = "step") -> Needs:
    """Follow the imports of a handler file.

    Imports inside functions count, since a call may need them; those under ``TYPE_CHECKING`` don't.

    Args:
        handler: The file of a Lambda function.
        root: The folder that holds the package.
        package: The package that is copied in parts; everything else is copied whole.

    Raises:
        StepError: the file can't be parsed, or has no entry.
    """
    search = _Search(root, package)
    search.visit(handler, "")
    return Needs(
        files=dict(sorted(search.files.items())),
        foreign=dict(sorted(search.foreign.items())),
        entry=_entry(handler),
    )


def part_of(package: str, root: Path, files: Iterable[Path]) -> Mapping[str, Path]:
    """Find the modules of a package that files import, by their path in it; the package is in ``root``.

    Raises:
        StepError: a file can't be parsed.
    """
    search = _Search(root, package)
    for file in files:
        search.visit(file, "")
    return search.files


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise StepError(f"{file}:{error.lineno}: {error.msg}") from error


def _module_file(root: Path, parts: list[str]) -> Path | None:
    base = root.joinpath(*parts)
    for candidate in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if candidate.is_file():
            return candidate
    return None


def _imports(tree: ast.Module, package: str) -> Iterator[tuple[str, str | None]]:
    """Yield a module's name and, for ``from``, each name that is taken from it."""
    for node in _running_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                yield base, alias.name


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, but not into what only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            for other in node.orelse:
                yield other
                yield from _running_nodes(other)
            continue
        yield node
        yield from _running_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _late_exports(tree: ast.Module) -> dict[str, str]:
    """Read the ``_HOMES`` of a package that loads its names on first use: each name's module."""
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Dict)
            and any(isinstance(target, ast.Name) and target.id == "_HOMES" for target in node.targets)
        ):
            homes: dict[str, str] = ast.literal_eval(node.value)
            return homes
    return {}


def _entry(handler: Path) -> str:
    """Find what Lambda calls: ``handlers``, the TaskHandlers, or a function ``handler``."""
    names = set(_top_level_names(_parse(handler)))
    for name in ("handlers", "handler", "lambda_handler"):
        if name in names:
            return f"{handler.stem}.{name}"
    raise StepError(f"{handler}: Lambda finds nothing to call: expected a TaskHandlers named handlers")


def _top_level_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
