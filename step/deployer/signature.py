"""A release's signature: beside its document in the bucket, made with a key of KMS.

Who may upload and who may start need not be who may sign: a third permission, which nobody who deploys has.
Pure but for the ports.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

from step.deployer.ports import Ports
from step.deployer.reading import Members, text
from step.deployer.release import InvalidRelease, Release
from step.errors import Refused
from step.jsonvalue import JSONValue

# AWS: KMS API, Sign, "SigningAlgorithm": those that sign a SHA-256.
ALGORITHMS = ("ECDSA_SHA_256", "RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256")
_MOST_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of the SHA-256 of a release's document.

    Attributes:
        key_arn: The key's ARN.
        algorithm: One of ALGORITHMS.
        signature: The signature.
    """

    key_arn: str
    algorithm: str
    signature: bytes

    def to_bytes(self) -> bytes:
        """Write it as it is uploaded."""
        written = {
            "key_arn": self.key_arn,
            "algorithm": self.algorithm,
            "signature": b64encode(self.signature).decode(),
        }
        return json.dumps(written, indent=2, sort_keys=True).encode() + b"\n"


def signature_key(release: Release) -> str:
    """Name a release's signature in the bucket."""
    return f"{release.key.removesuffix('.json')}.sig"


def check_signature(ports: Ports, release: Release) -> None:
    """Make sure that a release is signed with one of the deployer's keys, where it has some.

    Raises:
        InvalidRelease: it isn't.
    """
    if not ports.signing_keys:
        return
    key = signature_key(release)
    try:
        signed = _read(key, ports.bucket.read(key, None, _MOST_BYTES))
    except Refused as refused:
        raise InvalidRelease([f"{key}: every release has to be signed: {refused}"]) from refused
    if signed.key_arn not in ports.signing_keys:
        raise InvalidRelease([f"{key}: {signed.key_arn} is not on the deployer's list of keys"])
    digest = bytes.fromhex(release.sha256)
    if not ports.signatures.verify(signed.key_arn, signed.algorithm, digest, signed.signature):
        raise InvalidRelease([f"{key}: {signed.key_arn} has not signed this release"])


def _read(key: str, content: bytes) -> Signature:
    try:
        document: JSONValue = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise InvalidRelease([f"{key}: no JSON"]) from exc
    members = Members(document, "signature")
    signed = Signature(
        key_arn=members.needed("key_arn", text(20, 2048)),
        algorithm=members.needed("algorithm", text(1, 64)),
        signature=_decoded(members.needed("signature", text(1, _MOST_BYTES))),
    )
    members.finish()
    if signed.algorithm not in ALGORITHMS:
        members.problems.append(f"signature/algorithm: expected one of {', '.join(ALGORITHMS)}")
    if members.problems:
        raise InvalidRelease(members.problems)
    return signed


def _decoded(value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except ValueError:
        return b""
