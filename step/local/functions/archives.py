"""Zips of functions and layers: kept under their SHA-256, checked, unpacked once.

Writes below its own folder only, whatever a zip's entries are called. AWS: Lambda developer guide, "Lambda
quotas".
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import zipfile
from base64 import b64encode
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import NamedTuple

from step.errors import Refused
from step.local.entropy import new_uuid

MOST_ZIPPED_BYTES = 50 * 1024 * 1024
MOST_UNZIPPED_BYTES = 250 * 1024 * 1024
_MOST_ENTRIES = 50_000
_CHUNK_BYTES = 1 << 20
# An entry is a file where another one needs a folder.
_TWO_KINDS = (NotADirectoryError, IsADirectoryError)
_NOT_A_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


class Archive(NamedTuple):
    """A zip that is kept: its SHA-256 (hexadecimal) and size."""

    digest: str
    size_bytes: int

    @property
    def code_sha256(self) -> str:
        """The SHA-256 as Lambda writes it."""
        return b64encode(bytes.fromhex(self.digest)).decode()


class Archives:
    """Zips in a folder. Threads may share it."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        self._zips = folder / "zips"
        self._unpacked = folder / "unpacked"
        self._is_synced = is_synced
        self._lock = Lock()

    def keep(self, data: bytes, *, is_direct: bool) -> Archive:
        """Check a zip and keep it.

        Args:
            is_direct: Whether it came in the request itself, where less is allowed than through S3.

        Raises:
            Refused: it isn't a zip, or too large, packed or unpacked, or would write outside its folder.
        """
        if is_direct and len(data) > MOST_ZIPPED_BYTES:
            raise Refused(
                "RequestEntityTooLargeException", f"Zip files must be at most {MOST_ZIPPED_BYTES} bytes"
            )
        check(data)
        archive = Archive(hashlib.sha256(data).hexdigest(), len(data))
        target = self._zips / f"{archive.digest}.zip"
        if not target.exists():
            self._zips.mkdir(parents=True, exist_ok=True)
            write_whole(target, data, is_synced=self._is_synced)
        return archive

    def read(self, digest: str) -> bytes:
        """Give a zip's bytes."""
        return (self._zips / f"{digest}.zip").read_bytes()

    def folder(self, digest: str) -> Path:
        """Give the folder that a zip is unpacked into; the first time, unpack it."""
        target = self._unpacked / digest
        with self._lock:
            if not target.exists():
                unfinished = self._unpacked / f".{new_uuid()}"
                unfinished.mkdir(parents=True)
                try:
                    unpack(self.read(digest), unfinished)
                    unfinished.rename(target)
                except BaseException:
                    shutil.rmtree(unfinished, ignore_errors=True)
                    raise
        return target

    def forget_others(self, used: set[str]) -> None:
        """Drop every zip that no version uses any more, with what was unpacked of it."""
        for file in self._zips.glob("*.zip"):
            if file.stem not in used:
                file.unlink()
        for folder in self._unpacked.glob("*"):
            if folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)


def check(data: bytes) -> None:
    """Look at a zip's table of contents.

    Raises:
        Refused: it isn't a zip, or a bomb, or has an entry that would leave its folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
        raise Refused("InvalidParameterValueException", _NOT_A_ZIP) from None
    if not entries:
        raise Refused("InvalidParameterValueException", "Uploaded file must be a non-empty zip")
    size = sum(entry.file_size for entry in entries)
    if size > MOST_UNZIPPED_BYTES or len(entries) > _MOST_ENTRIES:
        raise Refused(
            "InvalidParameterValueException",
            f"Unzipped size must be smaller than {MOST_UNZIPPED_BYTES} bytes",
        )
    for entry in entries:
        if _place(entry) is None:
            raise Refused(
                "InvalidParameterValueException",
                f"The zip's entry {entry.filename[:200]!r} would be written outside of its folder.",
            )


def unpack(data: bytes, folder: Path) -> None:
    """Write a checked zip's files; what an entry says of its own size isn't believed.

    Raises:
        Refused: it is larger than it says, damaged or encrypted.
    """
    left = MOST_UNZIPPED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                left -= _unpack_entry(archive, entry, folder, left)
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, FileExistsError, *_TWO_KINDS):
        raise Refused("InvalidZipFileException", _NOT_A_ZIP) from None


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, left: int) -> int:
    place = _place(entry)
    if place is None:
        raise Refused("InvalidZipFileException", _NOT_A_ZIP)
    target = folder / place
    mode = entry.external_attr >> 16
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    # A symbolic link is unpacked as the file that holds its target: nothing is ever written through one.
    with archive.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > left:
                raise Refused("InvalidZipFileException", f"Unzipped size exceeds {MOST_UNZIPPED_BYTES} bytes")
            sink.write(chunk)
    target.chmod(0o755 if mode & stat.S_IXUSR else 0o644)
    return written


def _place(entry: zipfile.ZipInfo) -> PurePosixPath | None:
    """Say where an entry goes below its folder; None: not below it."""
    name = entry.filename
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts:
        return None
    return path if len(name) < 1024 else None


def write_whole(target: Path, data: bytes, *, is_synced: bool) -> None:
    """Write a file so that a reader, also after a crash, finds the old one or the new one, whole."""
    unfinished = target.with_name(f".{new_uuid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            if is_synced:
                os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    if is_synced:
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
