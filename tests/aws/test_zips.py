"""Zips on the client's disk: hashed and sent without being kept in memory, refused where Lambda would."""

from __future__ import annotations

import hashlib
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from step.aws.connection import Aws, AwsPlace
from step.aws.release_client import ReleaseClient
from step.aws.zips import check_zip, upload_of
from step.errors import StepError

MIB = 1024 * 1024


def packed(folder: Path, mebibytes: int, *, compressed: bool = False) -> Path:
    """Write a zip with so many zeros in it."""
    file = folder / "large.zip"
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", kind) as archive, archive.open("model.bin", "w") as entry:
        for _ in range(mebibytes):
            entry.write(bytes(MIB))
    return file


class Bucket(Aws):
    """Reads what is put, a mebibyte at a time."""

    def __init__(self) -> None:
        super().__init__(AwsPlace(region="us-east-1"), environment={})
        self.sha256 = ""

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        digest = hashlib.sha256()
        while chunk := parameters["Body"].read(MIB):
            digest.update(chunk)
        self.sha256 = digest.hexdigest()
        return {"VersionId": "1"}


def test_large_zip_is_hashed_and_sent_without_being_kept(tmp_path: Path) -> None:
    file, bucket = packed(tmp_path, 40), Bucket()

    tracemalloc.start()
    upload = upload_of(file)
    version = ReleaseClient(bucket).put("releases", "key", upload, "1" * 12)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (version, bucket.sha256) == ("1", upload.sha256)
    assert upload.size_bytes == file.stat().st_size > 40 * MIB
    assert peak < 8 * MIB


def test_zip_that_unpacks_to_more_than_lambda_takes_is_refused(tmp_path: Path) -> None:
    file = packed(tmp_path, 251, compressed=True)

    with pytest.raises(StepError, match=r"263,192,576 bytes unzipped; Lambda takes no more than 262,144,000"):
        check_zip(file)
