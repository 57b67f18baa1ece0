"""What a function may run beside a zip of the deployer's own region: images, layers, zips for elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step.deployer.document import parse_release
from step.deployer.release import InvalidRelease, Release
from tests.deployer.memory_aws import Call
from tests.deployer.world import TARGET, Run, World

IMAGES = f"{TARGET.account}.dkr.ecr.{TARGET.region}.amazonaws.com/oven"
OVEN = TARGET.function_arn("oven-test")
LAYER = f"arn:aws:lambda:{TARGET.region}:{TARGET.account}:layer:numbers:7"


def image(number: int) -> str:
    return f"{IMAGES}@sha256:{number:064x}"


@pytest.fixture
def world() -> World:
    """A world whose second function runs an image; nobody looks for mixes of images."""
    made = World()
    made.aws.functions[OVEN].image = image(0)
    made.aws.functions[OVEN].versions = [(f"{0:064x}", 1)]
    made._look_for_a_mix = lambda: None  # type: ignore[method-assign]  # it knows zips only
    return made


def with_image(world: World, number: int) -> Release:
    """A release of a zip and an image."""
    plain = world.release(number)
    bread, oven = plain.functions
    release = replace(plain, functions=(bread, replace(oven, code=None, image=image(number))))
    world.aws.upload(release.key, release.to_bytes())
    return release


def test_image_is_released_by_its_digest_and_recorded(world: World) -> None:
    run = world.deploy(with_image(world, 1))

    assert run.end == "Success", run.cause
    assert world.aws.function_code(f"{OVEN}:2") == f"{1:064x}"
    functions: Any = world.aws.items[TARGET.record_key("r1")]["functions"]
    assert functions["oven-test"]["code_sha256"] == f"{1:064x}"
    assert functions["oven-test"]["version"] == f"{OVEN}:2"


def test_image_that_somebody_swaps_while_it_is_staged_does_not_go_live(world: World) -> None:
    def swap(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        answer = do()
        if call.action == "lambda:PublishVersion" and call.resource == OVEN:
            world.aws.functions[OVEN].versions[-1] = (f"{666:064x}", 9)
        return answer

    world.intervene = swap
    run = world.deploy(with_image(world, 1))

    assert run.end == "FailureClean"
    assert "has other code than the release" in (run.cause or "")


@pytest.mark.parametrize("is_image", [True, False])
def test_function_stays_what_it_was_made_as(world: World, is_image: bool) -> None:
    release = with_image(world, 1) if not is_image else world.release(1)
    world.aws.functions[OVEN].image = image(0) if is_image else None

    run = world.deploy(release)

    assert run.end == "FailureClean"
    assert f"oven-test has {'an image' if is_image else 'a zip'}, and AWS lets it have no" in (
        run.cause or ""
    )
    assert "StageCode" not in run.path


@pytest.mark.parametrize(
    "text", [f"{IMAGES}:latest", "oven@sha256:1", "docker.io/oven@sha256:" + "a" * 64, f"{image(1)}0"]
)
def test_image_without_a_digest_in_ecr_is_refused(text: str) -> None:
    release = World().release(1)
    wrong: Any = replace(release, functions=(replace(release.functions[0], code=None, image=text),)).to_json()

    with pytest.raises(InvalidRelease, match="expected an image in ECR by its digest"):
        parse_release(wrong)


def test_release_says_either_a_zip_or_an_image_and_tells_its_form(world: World) -> None:
    release = with_image(world, 1)
    both = replace(release, functions=(replace(release.functions[0], image=image(1)),))

    assert release.to_json()["form"] == 2
    assert parse_release(release.to_json()) == release
    with pytest.raises(InvalidRelease, match="expected either code or an image"):
        parse_release(both.to_json())


def test_layers_that_a_release_needs_have_to_be_there() -> None:
    world = World()
    plain = world.release(1)
    bread, oven = plain.functions
    release = replace(plain, functions=(bread, replace(oven, layers=(LAYER,))))
    world.aws.upload(release.key, release.to_bytes())

    refused = world.deploy(release)
    world.aws.functions[OVEN].configuration = {"Layers": [LAYER]}
    again = replace(
        world.release(2), functions=release.functions, release_id="r1", definition=release.definition
    )
    world.aws.upload(again.key, again.to_bytes())
    done = world.deploy(again)

    assert refused.end == "FailureClean"
    assert f"oven-test has the layers none; the release wants {LAYER}" in (refused.cause or "")
    assert "StageCode" not in refused.path
    assert done.end == "Success", done.cause


def test_zip_too_large_to_be_sent_to_its_region_is_refused_before_anything_is_staged() -> None:
    world = World()
    world.aws.most_sent_bytes = 3

    run = world.deploy(world.release(1))

    assert run.end == "FailureClean"
    assert "bytes are too many to be sent to eu-central-1: the deployer needs a bucket there" in (
        run.cause or ""
    )
    assert "StageCode" not in run.path
