"""One script from modules: what a page that loads nothing else needs.

Pure: no clock, no IO; the modules' texts are given. A module imports names of others in its folder and
exports declarations; each becomes a function that gives its exports, behind those that it imports.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:const|class|async function|function\*?) (\w+))", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """Join a module and all that it imports; ``read`` gives the text of a module by its name, as "page"."""
    told: dict[str, str] = {}

    def add(name: str) -> None:
        text = read(name)
        for _, imported in _IMPORT.findall(text):
            if imported not in told:
                add(imported)
        told[name] = _wrap(name, text)

    add(entry)
    return "\n".join(told.values())


def _wrap(name: str, text: str) -> str:
    exports = ", ".join(exported for _, exported in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const \1 = module_\2;", text))
    return f"const module_{name} = (() => {{\n{body}return {{ {exports} }};\n}})();"
