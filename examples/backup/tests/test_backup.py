"""A bucket is copied: in virtual time, with the copy itself told by the test."""

from pathlib import Path

import pytest

from step import StateMachine, TaskHandlers
from step.errors import TaskError
from step.machine.checks import CheckFile
from step.machine.files import load_handlers
from step.testing import AssertPath, LoadMachine

HERE = Path(__file__).parents[1]
OBJECTS = {
    "attic/photo-2026-01-31-cat.jpg": "a cat",
    "attic/note-2025-12-24-list.txt": "gifts",
    "attic/readme": "hello",
}


@pytest.fixture
def handlers() -> TaskHandlers:
    return load_handlers(HERE / "lambda" / "backup.py")


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    machine = load_machine(HERE / "states" / "backup.asl.json", substitutions={"log_bucket": "log"})
    return machine.set_objects(dict(OBJECTS))


def copied(parameters: dict[str, str]) -> dict[str, object]:
    """Do as S3 does: the same bytes have the same ETag."""
    return {"CopyObjectResult": {"ETag": f'"{parameters["CopySource"]}"'}}


def test_every_object_goes_to_its_new_place(machine: StateMachine) -> None:
    machine.set_resource_function("CopyAll", [{"Key": key, "Etag": f"attic/{key}"} for key in ("a", "b")])
    machine.set_resource_function("Copy", copied)

    execution = machine.execute({"source": "attic"})

    assert execution.status == "SUCCEEDED", execution.cause
    assert [child.path for child in execution.children] == [["Place", "Copy", "Check"]] * 2


@pytest.mark.parametrize(
    ("key", "target", "new_key"),
    [
        ("2026/photo-2026-01-31-cat.jpg", "attic-photos", "2026/01/31-cat.jpg"),
        ("note-2025-12-24-list.txt", "attic-notes", "2025/12/24-list.txt"),
        ("readme", "attic-notes", "other/readme"),
    ],
)
def test_the_new_place_is_read_off_the_name(
    handlers: TaskHandlers, key: str, target: str, new_key: str
) -> None:
    told = handlers({"Task": "Place", "Input": {"source": "attic", "key": key, "etag": "1"}}, None)

    assert isinstance(told, dict)
    assert (told["target"], told["new_key"]) == (target, new_key)


def test_a_copy_that_differs_fails_the_backup(machine: StateMachine) -> None:
    machine.set_resource_function("CopyAll", [{"Key": "a", "Etag": "1"}])
    machine.set_resource_function("Copy", {"CopyObjectResult": {"ETag": '"2"'}})

    execution = machine.execute({"source": "attic"})

    assert execution.error == "States.ExceedToleratedFailureThreshold"
    assert [child.error for child in execution.children] == ["NotTheSame"]


def test_s3_is_asked_again_when_it_is_busy(machine: StateMachine) -> None:
    machine.set_resource_function("CopyAll", [{"Key": "a", "Etag": "attic/a"}])
    machine.set_resource_function(
        "Copy", [TaskError("S3.SdkClientException", "busy"), copied({"CopySource": "attic/a"})]
    )

    assert machine.execute({"source": "attic"}).status == "SUCCEEDED"


def test_a_bucket_that_is_not_there_is_not_waited_for(machine: StateMachine) -> None:
    machine.set_resource_function("CopyAll", [{"Key": "a", "Etag": "1"}])
    machine.set_resource_function("Copy", TaskError("S3.NoSuchBucketException", "attic-notes"))

    execution = machine.execute({"source": "attic"})

    assert execution.status == "FAILED"
    assert execution.elapsed < 5


def test_items_are_the_bucket_s_objects(machine: StateMachine, assert_path: AssertPath) -> None:
    machine.set_resource_function("Copy", TaskError("S3.NoSuchBucketException", "none of them"))

    execution = machine.execute({"source": "attic"})

    assert {child.input["key"] for child in execution.children} <= {key.partition("/")[2] for key in OBJECTS}  # type: ignore[index, call-overload]  # JSON
    assert_path(execution, "CopyAll")


def test_every_path_of_the_structure_holds() -> None:
    machine = StateMachine.from_file(HERE / "states" / "backup.asl.json", substitutions={"log_bucket": "log"})

    given = CheckFile.from_file(HERE / "paths" / "backup.py")

    found = machine.explore(**given.checks, **given.bounds)

    assert found.is_proven, [violation.story() for violation in found.violations]
