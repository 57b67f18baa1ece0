"""What moto accepts although AWS refuses it, refused before moto sees it.

The one place of such corrections. (Lambda needs none: its API is ``step.local.functions``, not moto's.) Every
entry of ``CORRECTIONS`` has its test in ``tests/contract``. Pure.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from typing import NamedTuple

from step.errors import Refused
from step.local.cloud.addressing import Address
from step.local.cloud.effects import parameters
from step.local.http import Request

_OBJECT = re.compile(r"/[^/]+/.+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TABLE_BYTES_AT_MOST = 4 * 1024 * 1024


class Correction(NamedTuple):
    """A correction: of which service, what it checks, and the check, which raises ``Refused``."""

    service: str
    rule: str
    check: Callable[[Request], None]


def correct(request: Request, address: Address) -> None:
    """Refuse what AWS would refuse and moto wouldn't.

    Raises:
        Refused: as AWS's error.
    """
    for correction in CORRECTIONS:
        if correction.service == address.service:
            correction.check(request)


# ------------------------------------------------------------ S3: checksums


def _table(polynomial: int) -> tuple[int, ...]:
    """Make the table of a reflected CRC."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _crc(polynomial: int, bits: int) -> Callable[[bytes], bytes]:
    table = _table(polynomial)
    ones = (1 << bits) - 1

    def checksum(data: bytes) -> bytes:
        value = ones
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        return (value ^ ones).to_bytes(bits // 8, "big")

    return checksum


_ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": _crc(0x82F63B78, 32),
    "crc64nvme": _crc(0x9A6C9329AC4BC9B5, 64),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}
# Those that the standard library doesn't have are too slow for large objects.
_SLOW = frozenset({"crc32c", "crc64nvme"})


def _check_contents(request: Request) -> None:
    """See that contents match every checksum that is sent with them.

    AWS: S3 user guide, "Checking object integrity".
    """
    if (
        request.method != "PUT"
        or not _OBJECT.fullmatch(request.path)
        or "x-amz-copy-source" in request.headers
    ):
        return
    body, trailers = _contents(request)
    md5 = request.headers.get("content-md5")
    if md5 is not None:
        _compare(md5, hashlib.md5(body, usedforsecurity=False).digest(), "Content-MD5", "InvalidDigest")
    told = request.headers.get("x-amz-content-sha256", "")
    if _SHA256.fullmatch(told) and told != hashlib.sha256(body).hexdigest():
        raise Refused(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    for name, algorithm in _ALGORITHMS.items():
        header = f"x-amz-checksum-{name}"
        value = request.headers.get(header) or trailers.get(header)
        if value is not None and (name not in _SLOW or len(body) <= _TABLE_BYTES_AT_MOST):
            _compare(value, algorithm(body), name.upper(), "InvalidRequest")


def _compare(value: str, digest: bytes, name: str, invalid: str) -> None:
    try:
        is_digest = len(b64decode(value, validate=True)) == len(digest)
    except (NotBase64, ValueError):
        is_digest = False
    if not is_digest:
        raise Refused(invalid, f"The {name} you specified was invalid")
    if value != b64encode(digest).decode():
        raise Refused("BadDigest", f"The {name} you specified did not match the calculated checksum.")


def _contents(request: Request) -> tuple[bytes, Mapping[str, str]]:
    """Give an object's bytes and what trails them, where they come in signed chunks.

    AWS: Signature Version 4, "Transferring payload in multiple chunks".
    """
    if "aws-chunked" not in request.headers.get("content-encoding", "") and not request.headers.get(
        "x-amz-content-sha256", ""
    ).startswith("STREAMING-"):
        return request.body, {}
    body, at = bytearray(), 0
    while True:
        end = request.body.find(b"\r\n", at)
        size = _size(request.body[at:end]) if end >= 0 else -1
        if size < 0:
            raise Refused("IncompleteBody", "The request body terminated unexpectedly")
        at = end + 2
        if size == 0:
            return bytes(body), _trailers(request.body[at:])
        body += request.body[at : at + size]
        at += size + 2


def _size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        return -1


def _trailers(data: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in data.decode("latin-1").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


# ------------------------------------------------------------ IAM: sizes of policies

# AWS: IAM user guide, "IAM and AWS STS quotas": characters, white space aside; and in which words.
_POLICY_QUOTAS = {
    "CreatePolicy": ("PolicyDocument", 6144, "Cannot exceed quota for PolicySize: {most}"),
    "CreatePolicyVersion": ("PolicyDocument", 6144, "Cannot exceed quota for PolicySize: {most}"),
    "CreateRole": ("AssumeRolePolicyDocument", 2048, "Cannot exceed quota for ACLSizePerRole: {most}"),
    "PutGroupPolicy": (
        "PolicyDocument",
        5120,
        "Maximum policy size of {most} bytes exceeded for group {name}",
    ),
    "PutRolePolicy": (
        "PolicyDocument",
        10240,
        "Maximum policy size of {most} bytes exceeded for role {name}",
    ),
    "PutUserPolicy": ("PolicyDocument", 2048, "Maximum policy size of {most} bytes exceeded for user {name}"),
    "UpdateAssumeRolePolicy": ("PolicyDocument", 2048, "Cannot exceed quota for ACLSizePerRole: {most}"),
}


def _check_policy(request: Request) -> None:
    given = parameters(request)
    member, most, words = _POLICY_QUOTAS.get(str(given.get("Action")), ("", 0, ""))
    if member and len("".join(str(given.get(member, "")).split())) > most:
        names = (given[key] for key in ("RoleName", "UserName", "GroupName") if key in given)
        raise Refused("LimitExceeded", words.format(most=most, name=next(names, "")))


CORRECTIONS = (
    Correction("iam", "a policy is no longer than its quota", _check_policy),
    Correction("s3", "an object's contents match every checksum sent with them", _check_contents),
)
