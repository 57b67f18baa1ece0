"""A zip that is the same bytes wherever it is written, and the hash of what it holds.

Pure but for the file it writes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

# The oldest time that a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_FILE, _PROGRAM = 0o100644, 0o100755
_UNIX = 3


def write_zip(file: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip in the order of names, with one time and one mode.

    The bytes depend on the contents, the version of Python and its zlib only.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(zip_bytes(contents))


def zip_bytes(contents: Mapping[str, bytes]) -> bytes:
    """Give the bytes of such a zip."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # The writer's system would put its own number here.
            entry.create_system = _UNIX
            entry.external_attr = (_PROGRAM if _is_library(name) else _FILE) << 16
            archive.writestr(entry, contents[name], compresslevel=9)
    return data.getvalue()


def content_hash(contents: Mapping[str, bytes]) -> str:
    """Hash names and contents, whatever compresses them: equal wherever the same files were packed."""
    return _hash_of({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})


def content_hash_of_zip(file: Path) -> str | None:
    """Hash names and contents of a zip; None where it can't be unpacked."""
    hashes: dict[str, str] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    with archive.open(entry) as content:
                        hashes[entry.filename] = _sha256(content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return None
    return _hash_of(hashes)


def _sha256(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(1024 * 1024):
        digest.update(chunk)
    return digest.hexdigest()


def _hash_of(hashes: Mapping[str, str]) -> str:
    whole = hashlib.sha256()
    for name in sorted(hashes):
        whole.update(f"{hashes[name]}  {name}\n".encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def _is_library(name: str) -> bool:
    return name.endswith(".so") or ".so." in name
