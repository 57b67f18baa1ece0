"""Write tests/terraform/provider_6.json anew: what version 6 of the AWS provider takes of the modules.

    pip download --no-deps cdktf-cdktf-provider-aws==21.22.1 && python scripts/provider_schema.py WHEEL

Its source is that package (MPL 2.0), which was made of the schema of the provider 6.25.0: arguments, which of
them are required, and the blocks within blocks.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import hcl2

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "terraform" / "provider_6.json"
# What every resource has beside its own.
_META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
# Python's words, and names of the library's own, have a _ at their end there.
_RENAMED = {"id": "id", "import_": "import", "lambda_": "lambda"}


def kinds() -> list[str]:
    """List what the modules and examples make."""
    found = set()
    for file in [*ROOT.glob("modules/*/*.tf"), *ROOT.glob("examples/*/*.tf")]:
        with file.open(encoding="utf-8") as stream:
            document = hcl2.load(stream)
        found |= {kind.strip('"') for entry in document.get("resource", []) for kind in entry}
    return sorted(found)


def arguments(text: str) -> dict[str, Any]:
    """Read a resource's arguments out of its module's source."""
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    (config,) = [
        name
        for name in classes
        if name.endswith("Config") and "TerraformMetaArguments" in _bases(classes[name])
    ]
    return _arguments(classes, config)


def _bases(node: ast.ClassDef) -> str:
    return " ".join(ast.unparse(base) for base in node.bases)


def _arguments(classes: dict[str, ast.ClassDef], name: str) -> dict[str, Any]:
    (init,) = [
        node for node in classes[name].body if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]
    given = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        if argument.arg in _META:
            continue
        entry: dict[str, Any] = {"required": default is None}
        inner = re.findall(r"'(\w+)'", ast.unparse(argument.annotation)) if argument.annotation else []
        blocks = [one for one in inner if one in classes]
        if blocks:
            entry["block"] = _arguments(classes, blocks[0])
        given[_RENAMED.get(argument.arg, argument.arg.rstrip("_"))] = entry
    return given


def main() -> int:
    """Write the file."""
    rows = {}
    with ZipFile(sys.argv[1]) as wheel:
        for kind in kinds():
            module = kind.removeprefix("aws_")
            rows[kind] = arguments(wheel.read(f"cdktf_cdktf_provider_aws/{module}/__init__.py").decode())
    lines = (f"{json.dumps(kind)}: {json.dumps(row, separators=(',', ':'))}" for kind, row in rows.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
