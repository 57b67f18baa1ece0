"""Releases that have to be signed: by whom, and that nothing else is deployed."""

from __future__ import annotations

import dataclasses

import pytest

from step.deployer.release import Release
from step.deployer.signature import Signature, signature_key
from tests.deployer.memory_aws import MemorySignatures
from tests.deployer.world import TARGET, Run, World

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OTHER = KEY.replace("1111", "9999")


@pytest.fixture
def world() -> World:
    world = World()
    world.ports = world.aws.ports(TARGET.account, signing_keys=[KEY])
    return world


def sign(world: World, release: Release, key: str = KEY, of: Release | None = None) -> None:
    digest = bytes.fromhex((of or release).sha256)
    signed = Signature(key_arn=key, algorithm="ECDSA_SHA_256", signature=MemorySignatures.sign(key, digest))
    world.aws.upload(signature_key(release), signed.to_bytes())


def refused(world: World, run: Run, why: str) -> bool:
    untouched = not any(call.action.startswith(("sts:", "dynamodb:")) for _, call in world.calls)
    return run.end == "FailureClean" and why in (run.cause or "") and untouched


def test_signed_release_is_deployed(world: World) -> None:
    release = world.release(1)
    sign(world, release)

    assert world.deploy(release).end == "Success"


def test_release_without_a_signature_changes_nothing(world: World) -> None:
    assert refused(world, world.deploy(world.release(1)), "every release has to be signed: NoSuchKey")


def test_signature_of_a_key_that_is_not_on_the_list_changes_nothing(world: World) -> None:
    release = world.release(1)
    sign(world, release, OTHER)

    assert refused(world, world.deploy(release), "is not on the deployer's list of keys")


def test_signature_of_another_release_changes_nothing(world: World) -> None:
    release = world.release(1)
    sign(world, release, of=dataclasses.replace(release, created_at="2026-01-01T00:00:00.000Z"))

    assert refused(world, world.deploy(release), "has not signed this release")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"evil", "no JSON"),
        (b"[]", "expected an object"),
        (
            Signature(key_arn=KEY, algorithm="NONE", signature=b"x").to_bytes(),
            "expected one of ECDSA_SHA_256",
        ),
        (Signature(key_arn=KEY, algorithm="ECDSA_SHA_256", signature=b"").to_bytes(), "1 to 8192 characters"),
        (b"x" * 9000, "EntityTooLarge"),
    ],
)
def test_what_is_no_signature_changes_nothing(world: World, content: bytes, why: str) -> None:
    release = world.release(1)
    world.aws.upload(signature_key(release), content)

    assert refused(world, world.deploy(release), why)
