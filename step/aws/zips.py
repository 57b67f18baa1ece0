"""Zips of functions on the client's disk: checked, hashed, and read as they are sent.

Knows files; no AWS operation.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

from step.deployer.client import Upload
from step.deployer.release import MAX_CODE_BYTES
from step.errors import StepError


def read_zip(file: Path) -> bytes:
    """Read a function's zip whole.

    Raises:
        StepError: it is none, or larger than Lambda takes.
    """
    check_zip(file)
    return file.read_bytes()


def upload_of(file: Path) -> Upload:
    """Say what is uploaded of a function's zip, which isn't kept in memory.

    Raises:
        StepError: it is none, or larger than Lambda takes.
    """
    check_zip(file)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return Upload(content=file, sha256=digest.hexdigest(), size_bytes=file.stat().st_size)


def check_zip(file: Path) -> None:
    """Make sure that a file may be a function's zip.

    AWS: Lambda quotas, "Deployment package (.zip file archive) size": 250 MB, unzipped.

    Raises:
        StepError: it is none, or larger than Lambda takes.
    """
    size = file.stat().st_size
    if size > MAX_CODE_BYTES:
        raise StepError(f"{file}: {size:,} bytes; Lambda takes no more than {MAX_CODE_BYTES:,}")
    if not is_zipfile(file):
        raise StepError(f"{file}: not a zip; `step package` makes one")
    try:
        with ZipFile(file) as archive:
            unzipped = sum(entry.file_size for entry in archive.infolist())
    except BadZipFile as exc:
        raise StepError(f"{file}: not a zip; `step package` makes one") from exc
    if unzipped > MAX_CODE_BYTES:
        raise StepError(
            f"{file}: {unzipped:,} bytes unzipped; Lambda takes no more than {MAX_CODE_BYTES:,}: "
            "an image may hold more (-image)"
        )


def code_sha256(file: Path) -> str:
    """Hash a zip as Lambda does."""
    return b64encode(bytes.fromhex(upload_of(file).sha256)).decode()
