"""A zip that is the same bytes wherever it is written, and the hash of what it holds.

Pure but for the file it writes.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The oldest time that a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_FILE, _PROGRAM = 0o100644, 0o100755
_UNIX = 3


def write_zip(file: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip in the order of names, with one time and one mode.

    The bytes depend on the contents, the version of Python and its zlib only.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # The writer's system would put its own number here.
            entry.create_system = _UNIX
            entry.external_attr = (_PROGRAM if _is_library(name) else _FILE) << 16
            archive.writestr(entry, contents[name], compresslevel=9)


def content_hash(contents: Mapping[str, bytes]) -> str:
    """Hash names and contents, whatever compresses them: equal wherever the same files were packed."""
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()


def _is_library(name: str) -> bool:
    return name.endswith(".so") or ".so." in name
