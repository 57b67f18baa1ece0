"""One contract for the deployer's ports: over memory, where the proof runs, and over boto3."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from itertools import count

import pytest

from step.deployer.lock import Lock
from step.deployer.names import Target
from step.deployer.ports import (
    ConditionFailed,
    FunctionFacts,
    Is,
    ProjectFunctions,
    RecordExists,
    Route,
    Write,
)
from step.errors import Refused
from step.jsonvalue import JSONObject
from tests.deployer.conftest import HOME, Place, make_definition, make_zip

_numbers: Iterator[int] = count()


@pytest.fixture
def target(place: Place) -> Target:
    """Make a project of its own for a test."""
    number = next(_numbers)
    target = dataclasses.replace(HOME, machine=f"bread-{number}", project=f"bread-{number}")
    place.make_project(
        target, {f"oven-{number}": make_zip("first")}, make_definition(f"{function_arn(target)}:1")
    )
    return target


@pytest.fixture
def key() -> str:
    """Name an item, or an object, of a test's own."""
    return f"lock#{next(_numbers)}"


def function(target: Target) -> str:
    return target.machine.replace("bread", "oven")


def function_arn(target: Target) -> str:
    return target.function_arn(function(target))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def finished(functions: ProjectFunctions, name: str) -> FunctionFacts:
    for _ in range(20):
        facts = functions.describe(name)
        if facts.last_update != "InProgress" and facts.state != "Pending":
            return facts
    raise AssertionError("never finished")


# ------------------------------------------------------------ the table


def test_item_is_made_where_it_may_be_absent(place: Place, key: str) -> None:
    table = place.ports.table
    write = Write(
        key=key,
        when=[[Is("key", None)], [Is("owner", "")]],
        set={"owner": "me", "prev": [["version", 100]], "halt": {"by": "x"}, "none": None},
        add={"fence": 1},
    )

    made = table.write(write)

    assert made == {
        "key": key,
        "owner": "me",
        "prev": [["version", 100]],
        "halt": {"by": "x"},
        "none": None,
        "fence": 1,
    }
    assert table.get(key) == made
    assert table.get("lock#another") is None


def test_failed_condition_shows_the_item_and_changes_nothing(place: Place, key: str) -> None:
    table = place.ports.table
    first = table.write(Write(key=key, when=[[Is("key", None)]], set={"owner": "me"}, add={"fence": 1}))

    with pytest.raises(ConditionFailed) as failed:
        table.write(
            Write(
                key=key, when=[[Is("owner", "me"), Is("fence", 2)], [Is("owner", "")]], set={"owner": "you"}
            )
        )

    assert failed.value.item == first
    assert table.get(key) == first


def test_attributes_are_added_to_and_removed(place: Place, key: str) -> None:
    table = place.ports.table
    table.write(Write(key=key, when=[[Is("key", None)]], set={"owner": "me", "new": "x"}, add={"fence": 1}))

    changed = table.write(
        Write(key=key, when=[[Is("owner", "me"), Is("halt", None)]], remove=["new"], add={"fence": 1})
    )

    assert changed == {"key": key, "owner": "me", "fence": 2}


def test_change_and_record_are_made_both_or_none(place: Place, key: str) -> None:
    table = place.ports.table
    write = Write(key=key, when=[[Is("owner", "me")]], set={"owner": ""})
    record: JSONObject = {"key": f"release#{key}", "outcome": "Success"}

    with pytest.raises(ConditionFailed):
        table.write_and_record(write, record)
    assert table.get(f"release#{key}") is None

    table.write(Write(key=key, when=[[Is("key", None)]], set={"owner": "me"}))
    table.write_and_record(write, record)
    assert (table.get(key), table.get(f"release#{key}")) == ({"key": key, "owner": ""}, record)

    # Again: the condition is what it tells of.
    with pytest.raises(ConditionFailed) as failed:
        table.write_and_record(write, record)
    assert failed.value.item == {"key": key, "owner": ""}


def test_record_is_never_written_again(place: Place, key: str) -> None:
    table = place.ports.table
    table.record({"key": f"release#{key}", "outcome": "Success"})
    table.write(Write(key=key, when=[[Is("key", None)]], set={"owner": "me"}))

    with pytest.raises(RecordExists):
        table.record({"key": f"release#{key}", "outcome": "FailureClean"})
    with pytest.raises(RecordExists):
        table.write_and_record(
            Write(key=key, when=[[Is("owner", "me")]], set={"owner": ""}),
            {"key": f"release#{key}", "outcome": "FailureClean"},
        )

    assert table.get(f"release#{key}") == {"key": f"release#{key}", "outcome": "Success"}
    assert table.get(key) == {"key": key, "owner": "me"}


def test_locks_that_executions_hold_are_found(place: Place, key: str) -> None:
    lock = Lock(place.ports, key, f"arn:aws:states:us-east-1:123456789012:execution:step-deployer:{key}")

    item = lock.acquire("r1", "00")
    assert lock.owner in place.ports.table.holders()

    lock.release(item.fence, {"key": f"release#{key}", "outcome": "Success"})
    assert lock.owner not in place.ports.table.holders()


# ------------------------------------------------------------ the bucket


def test_object_is_read_by_its_version(place: Place, key: str) -> None:
    bucket = place.ports.bucket
    first = place.upload(f"{key}.json", b"first")
    place.upload(f"{key}.json", b"second")

    assert bucket.read(f"{key}.json", first, 10) == b"first"
    assert bucket.read(f"{key}.json", None, 10) == b"second"
    assert bucket.measure(f"{key}.json", first) == (sha256(b"first"), 5)


def test_object_that_is_missing_or_too_large_is_refused(place: Place, key: str) -> None:
    bucket = place.ports.bucket
    version = place.upload(f"{key}.json", b"first")

    with pytest.raises(Refused, match="NoSuchKey"):
        bucket.read(f"{key}-b.json", None, 10)
    with pytest.raises(Refused, match="EntityTooLarge"):
        bucket.read(f"{key}.json", version, 4)


# ------------------------------------------------------------ functions


def test_version_keeps_its_code_when_the_function_gets_other_code(
    place: Place, target: Target, key: str
) -> None:
    functions, name = place.ports.accounts.deploy(target).functions, function(target)
    codes = [make_zip("second"), make_zip("third")]
    versions = []
    for index, code in enumerate(codes):
        name_of_zip = f"{key}-{index}.zip"
        functions.update_code(name, place.ports.bucket.name, name_of_zip, place.upload(name_of_zip, code))
        latest = finished(functions, name)
        assert latest.code_sha256 == sha256(code)
        versions.append(functions.publish(name, sha256(code), latest.revision_id, "a release"))

    assert [version.arn for version in versions] == [f"{function_arn(target)}:{n}" for n in (2, 3)]
    assert [functions.describe(name, version.version).code_sha256 for version in versions] == [
        sha256(code) for code in codes
    ]
    assert {functions.describe(name, version.version).state for version in versions} == {"Active"}


def test_code_comes_from_the_version_of_the_object(place: Place, target: Target, key: str) -> None:
    functions, name = place.ports.accounts.deploy(target).functions, function(target)
    good = make_zip("good")
    version = place.upload(f"{key}.zip", good)
    place.upload(f"{key}.zip", make_zip("evil"))

    functions.update_code(name, place.ports.bucket.name, f"{key}.zip", version)

    assert finished(functions, name).code_sha256 == sha256(good)


def test_publishing_twice_gives_the_same_version(place: Place, target: Target, key: str) -> None:
    functions, name = place.ports.accounts.deploy(target).functions, function(target)
    code = make_zip("second")
    functions.update_code(name, place.ports.bucket.name, f"{key}.zip", place.upload(f"{key}.zip", code))
    first = functions.publish(name, sha256(code), finished(functions, name).revision_id, "a release")

    again = functions.publish(name, sha256(code), finished(functions, name).revision_id, "another")

    assert again.version == first.version


def test_publishing_other_code_or_another_revision_is_refused(place: Place, target: Target) -> None:
    functions, name = place.ports.accounts.deploy(target).functions, function(target)
    latest = finished(functions, name)

    with pytest.raises(Refused):
        functions.publish(name, sha256(b"other"), latest.revision_id, "a release")
    with pytest.raises(Refused):
        functions.publish(name, latest.code_sha256, "11111111-2222-3333-4444-555555555555", "a release")


def test_unknown_function_is_refused(place: Place, target: Target) -> None:
    functions = place.ports.accounts.deploy(target).functions

    with pytest.raises(Refused, match="ResourceNotFoundException"):
        functions.describe("nobody")
    with pytest.raises(Refused, match="ResourceNotFoundException"):
        functions.describe(function(target), "77")


# ------------------------------------------------------------ machines


def test_version_keeps_its_definition(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    second = make_definition(f"{function_arn(target)}:1", "the second")
    third = make_definition(f"{function_arn(target)}:1", "the third")

    version = machines.publish(target.machine_arn, machines.update(target.machine_arn, second), "a release")
    machines.update(target.machine_arn, third)

    assert version == f"{target.machine_arn}:2"
    assert machines.describe(version).definition == second
    assert machines.describe(target.machine_arn).definition == third
    old = place.ports.accounts.prune(target)
    assert old.machine_versions(target.machine_arn) == [f"{target.machine_arn}:{n}" for n in (2, 1)]


def test_publishing_a_revision_twice_gives_the_same_version(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    revision = machines.update(target.machine_arn, make_definition(f"{function_arn(target)}:1", "second"))

    first = machines.publish(target.machine_arn, revision, "a release")

    assert machines.publish(target.machine_arn, revision, "a release") == first


def test_publishing_an_old_revision_is_a_conflict(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    revision = machines.update(target.machine_arn, make_definition(f"{function_arn(target)}:1", "second"))
    machines.update(target.machine_arn, make_definition(f"{function_arn(target)}:1", "third"))

    with pytest.raises(Refused, match="ConflictException"):
        machines.publish(target.machine_arn, revision, "a release")


def test_alias_leads_where_it_was_led(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    first = machines.routes(target.alias_arn)
    revision = machines.update(target.machine_arn, make_definition(f"{function_arn(target)}:1", "second"))
    version = machines.publish(target.machine_arn, revision, "a release")
    wanted = (Route(version, 10), Route(first[0].version_arn, 90))

    machines.route(target.alias_arn, wanted)
    # Eventually: the first read may be old.
    seen = [set(machines.routes(target.alias_arn)) for _ in range(2)]

    assert first == (Route(f"{target.machine_arn}:1", 100),)
    assert seen[-1] == set(wanted)


def test_unknown_machine_alias_and_version_are_refused(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines

    with pytest.raises(Refused, match="StateMachineDoesNotExist"):
        machines.describe(f"{target.machine_arn}-nobody")
    with pytest.raises(Refused, match="ResourceNotFound"):
        machines.routes(f"{target.machine_arn}:nobody")
    with pytest.raises(Refused):
        machines.route(target.alias_arn, [Route(f"{target.machine_arn}:77", 100)])


def test_tags_are_read(place: Place, target: Target) -> None:
    project = place.ports.accounts.deploy(target)

    assert project.machines.tags(target.machine_arn) == target.tags
    assert project.functions.tags(function(target)) == target.tags


# ------------------------------------------------------------ the rest


def test_execution_that_never_was_is_none(place: Place) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:step-deployer:nobody"

    assert place.ports.executions.describe(arn) is None


def test_alarms_tell_their_states(place: Place, target: Target) -> None:
    alarms = place.ports.accounts.deploy(target).alarms
    alarm = "bread-fails"
    place.ring(alarm, "ALARM")

    assert alarms.states([alarm, "nobody"]) == {alarm: "ALARM"}


def test_unused_versions_are_deleted_and_used_ones_are_not(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    old = place.ports.accounts.prune(target)
    arn = target.machine_arn
    for comment in ("second", "third"):
        definition = make_definition(f"{function_arn(target)}:1", comment)
        machines.publish(arn, machines.update(arn, definition), comment)

    old.delete_machine_version(f"{arn}:2")
    with pytest.raises(Refused):
        old.delete_machine_version(f"{arn}:1")

    assert old.machine_versions(arn) == [f"{arn}:3", f"{arn}:1"]
    assert list(old.routed(arn)) == [f"{arn}:1"]
    assert old.definition(f"{arn}:3") == make_definition(f"{function_arn(target)}:1", "third")
    assert not old.has_executions_since(f"{arn}:3", 0)
    assert not old.has_executions_since(f"{arn}:1", 0)
    assert list(old.aliased(function(target))) == []


def test_version_that_is_gone_is_told_so_and_deleted_again(place: Place, target: Target) -> None:
    machines = place.ports.accounts.deploy(target).machines
    old, arn = place.ports.accounts.prune(target), target.machine_arn
    machines.publish(
        arn, machines.update(arn, make_definition(f"{function_arn(target)}:1", "second")), "a release"
    )
    old.delete_machine_version(f"{arn}:2")

    old.delete_machine_version(f"{arn}:2")
    old.delete_function_version(function(target), "77")
    for ask in (
        lambda: machines.describe(f"{arn}:2"),
        lambda: old.definition(f"{arn}:2"),
        lambda: old.has_executions_since(f"{arn}:2", 0),
    ):
        with pytest.raises(Refused, match="StateMachineDoesNotExist"):
            ask()
    with pytest.raises(Refused, match="ResourceNotFound"):
        machines.route(target.alias_arn, [Route(f"{arn}:2", 100)])


def test_execution_of_a_version_is_started_once_and_its_end_is_told(place: Place, target: Target) -> None:
    tests = place.ports.accounts.trials(target)
    version = f"{target.machine_arn}:1"

    arn = tests.start(version, "try", {"flour_grams": 1})
    for _ in range(500):
        if tests.describe(arn).status != "RUNNING":
            break
        place.ports.clock.pause(0.02)

    assert tests.describe(arn)[:2] == ("SUCCEEDED", "")
    assert tests.start(version, "try", {"flour_grams": 1}) == arn
    with pytest.raises(Refused, match="ExecutionDoesNotExist"):
        tests.describe(f"{arn}-nobody")
    with pytest.raises(Refused, match="StateMachineDoesNotExist"):
        tests.start(f"{target.machine_arn}:77", "try", {})


def test_signature_is_known_by_its_key(place: Place) -> None:
    digest = hashlib.sha256(b"a release").digest()
    key, other = place.keys
    signature = place.sign(key, digest)
    verify = place.ports.signatures.verify

    assert verify(key, "ECDSA_SHA_256", digest, signature)
    assert not verify(key, "ECDSA_SHA_256", hashlib.sha256(b"another").digest(), signature)
    assert not verify(other, "ECDSA_SHA_256", digest, signature)
