"""The plan: what a deploy would change, by meaning."""

from __future__ import annotations

import json

import pytest

from step.deployer.configuration import frozen_configuration
from step.deployer.plan import FunctionState, compare_definitions, compare_functions, make_plan
from step.errors import StepError
from step.jsonvalue import JSONObject

ARN = "arn:aws:lambda:eu-central-1:210987654321:function:bread"
LIVE: JSONObject = {
    "StartAt": "Mix",
    "States": {
        "Mix": {"Type": "Task", "Resource": f"{ARN}:7", "Retry": [{"MaxAttempts": 2}], "Next": "Bake"},
        "Bake": {"Type": "Wait", "Seconds": 60, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


def changes(new: JSONObject) -> list[str]:
    text = json.dumps(new).replace(f"{ARN}:7", "${function_arn}")
    return [str(one) for one in compare_definitions(json.dumps(LIVE), text, {"function_arn": ARN})]


def test_same_definition_in_another_order_changes_nothing() -> None:
    states = LIVE["States"]
    assert isinstance(states, dict)

    assert changes({"States": dict(reversed(states.items())), "StartAt": "Mix"}) == []


def test_states_that_come_and_go_are_told_by_name_and_changes_by_place() -> None:
    new = json.loads(json.dumps(LIVE))
    new["States"]["Mix"]["Retry"][0]["MaxAttempts"] = 3
    new["States"]["Bake"] = {"Type": "Wait", "Seconds": 60, "Next": "Cool", "Comment": "slowly"}
    new["States"]["Cool"] = {"Type": "Succeed"}
    del new["States"]["Done"]

    assert changes(new) == [
        "~ /States/Mix/Retry/0/MaxAttempts: 2 -> 3",
        '~ /States/Bake/Next: "Done" -> "Cool"',
        '+ /States/Bake/Comment: "slowly"',
        "- /States/Done",
        "+ /States/Cool",
    ]


def test_true_is_not_one() -> None:
    assert len(compare_definitions('{"a": 1}', '{"a": true}')) == 1


def test_functions_are_compared_by_code_and_configuration_without_values_of_the_environment() -> None:
    live = FunctionState(
        code_sha256="a" * 64,
        configuration=frozen_configuration(
            {"MemorySize": 128, "Environment": {"Variables": {"TOKEN": "old-secret"}}}
        ),
    )
    new = FunctionState(
        code_sha256="b" * 64,
        configuration=frozen_configuration(
            {"MemorySize": 256, "Environment": {"Variables": {"TOKEN": "new-secret"}}}
        ),
    )

    plan = make_plan(
        live_definition=json.dumps(LIVE),
        new_definition=json.dumps(LIVE),
        function_arns={},
        live_functions={"bread": live},
        new_functions={"bread": new},
        versions=950,
    )

    assert plan.to_text().splitlines() == [
        f"~ function bread/code: {'a' * 12} -> {'b' * 12}",
        "~ function bread/Environment",
        "~ function bread/MemorySize: 128 -> 256",
        "! the machine has 950 of at most 1000 versions: `step prune` deletes old ones",
    ]


@pytest.mark.parametrize(
    ("live_content", "new_content", "changed"),
    [
        ("c", "c", []),
        ("c", "d", ["~ function bread/code: a -> b"]),
        (None, "c", ["~ function bread/code: a -> b"]),
    ],
)
def test_code_is_compared_by_its_contents_where_they_were_recorded(
    live_content: str | None, new_content: str, changed: list[str]
) -> None:
    live = FunctionState(code_sha256="a", configuration={}, content_sha256=live_content)
    new = FunctionState(code_sha256="b", configuration={}, content_sha256=new_content)

    assert [str(one) for one in compare_functions("bread", live, new)] == changed


def test_plan_that_changes_nothing_says_so() -> None:
    plan = make_plan(
        live_definition=json.dumps(LIVE),
        new_definition=json.dumps(LIVE),
        function_arns={},
        live_functions={},
        new_functions={},
    )

    assert plan.is_empty
    assert plan.to_text() == "Nothing would change."


def test_definition_that_is_no_json_is_refused() -> None:
    with pytest.raises(StepError, match="no JSON"):
        compare_definitions("{}", "{")
