from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from step.errors import Refused
from step.local.functions import archives
from step.local.functions.archives import Archives, check, unpack


def zipped(*names: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "name", ["../out.py", "/etc/out.py", "a/../../out.py", "..", "a\\..\\out.py", "C:\\out.py"]
)
def test_an_entry_that_would_leave_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    data = zipped("app.py", name)

    with pytest.raises(Refused, match="outside of its folder"):
        check(data)
    with pytest.raises(Refused):
        unpack(data, tmp_path / "in")
    assert not (tmp_path / "out.py").exists()


def test_a_symbolic_link_becomes_a_file_and_nothing_is_written_through_it(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(tmp_path / "outside"))
        archive.writestr("link/inside.py", "x")

    with pytest.raises(Refused):
        unpack(file.getvalue(), tmp_path / "in")

    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all", zipped()])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        check(data)


def test_a_zip_that_says_it_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_UNZIPPED_BYTES", 1000)

    with pytest.raises(Refused, match="Unzipped size"):
        check(zipped("zeros", content=b"0" * 2000))


def test_a_zip_that_lies_about_its_size_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(zipped("zeros", content=b"0" * 100_000))
    real, said = (100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    lying = bytes(data.replace(real, said))
    monkeypatch.setattr(archives, "MOST_UNZIPPED_BYTES", 1000)

    check(lying)
    with pytest.raises(Refused):
        unpack(lying, tmp_path / "in")
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) <= 1000


def test_a_zip_is_kept_and_unpacked_once(tmp_path: Path) -> None:
    archives = Archives(tmp_path)
    data = zipped("app.py", "lib/mod.py")

    kept = archives.keep(data, is_direct=True)
    folder = archives.folder(kept.digest)
    (folder / "mark").write_text("still here")

    assert archives.folder(archives.keep(data, is_direct=True).digest) == folder
    assert (folder / "mark").exists()
    assert (folder / "lib" / "mod.py").read_bytes() == b"x"
    archives.forget_others(set())
    assert not folder.exists()
