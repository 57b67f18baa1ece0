"""A test that fails says why, in anybody's tests."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

SHOP = """
from step import StateMachine

SHOP = {
    "StartAt": "Price",
    "States": {
        "Price": {"Type": "Pass", "Next": "Charge"},
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
            "Retry": [{"ErrorEquals": ["CardDeclined"], "MaxAttempts": 1}],
            "End": True,
        },
    },
}

class CardDeclined(Exception): ...

def deeper(order):
    raise CardDeclined(f"no money for {order}")

def charge(event):
    return deeper(event["order"])

def run():
    return StateMachine.from_json(SHOP).set_resource_function("Charge", charge).execute({"order": 7})
"""
SAID = [
    "*- step -*",
    "the execution FAILED in state 'Charge' with CardDeclined: no money for 7",
    '  input   {"order":7}',
    "  event   10 LambdaFunctionFailed",
    "  path    Price > Charge",
    "  raised in",
    '    File "*shop.py", line *, in charge',
    "*return deeper(event*",
    '    File "*shop.py", line *, in deeper',
    "*CardDeclined: no money for 7",
]


def failed(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(shop=SHOP, test_shop=f"import shop\n\ndef test_it(assert_path):\n    {test}\n")
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(failed=1)
    return result


@pytest.mark.parametrize(
    "test",
    [
        "execution = shop.run(); assert execution.status == 'SUCCEEDED'",
        "assert shop.run().status == 'SUCCEEDED'",
        "assert shop.run().output == {'paid': True}",
        "assert shop.run().error == 'Other'",
        "shop.run().result()",
        "raise shop.run().exception",
    ],
)
def test_the_state_its_input_and_the_handler_s_own_traceback_are_shown(
    test: str, pytester: pytest.Pytester
) -> None:
    result = failed(pytester, test)

    result.stdout.fnmatch_lines(SAID)
    section = result.stdout.str().partition(" step -")[2]
    assert "step/runtime" not in section
    assert "step/machine" not in section


def test_a_comparison_of_statuses_says_it_at_once(pytester: pytest.Pytester) -> None:
    result = failed(pytester, "execution = shop.run(); assert execution.status == 'SUCCEEDED'")

    result.stdout.fnmatch_lines(
        [
            "E*assert 'FAILED' == 'SUCCEEDED'",
            "E*the execution FAILED in state 'Charge' with CardDeclined: no money for 7",
        ]
    )


def test_two_paths_are_shown_with_the_event_where_they_part(pytester: pytest.Pytester) -> None:
    result = failed(pytester, "execution = shop.run(); assert execution.path == ['Price', 'Ship']")

    result.stdout.fnmatch_lines(
        ["E*the paths part at state 2", ">   2 Ship*! Charge", "there: event 4 TaskStateEntered*"]
    )


def test_the_page_of_a_failed_test_is_in_pytest_s_cache(pytester: pytest.Pytester) -> None:
    result = failed(pytester, "assert shop.run().status == 'SUCCEEDED'")

    [file] = pytester.path.glob(".pytest_cache/**/*.html")
    assert "CardDeclined" in file.read_text(encoding="utf-8")
    assert str(file) in result.stdout.str()


def test_a_failure_of_the_language_names_its_state_too(pytester: pytest.Pytester) -> None:
    machine = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.gone", "End": True}}}'

    result = failed(
        pytester, f"assert shop.StateMachine.from_json({machine}).execute().status == 'SUCCEEDED'"
    )

    result.stdout.fnmatch_lines(["the execution FAILED in state 'A' with States.Runtime*$.gone*"])


def test_a_test_without_executions_fails_as_ever(pytester: pytest.Pytester) -> None:
    result = failed(pytester, "assert 'FAILED' == 'SUCCEEDED'")

    assert "- step -" not in result.stdout.str()


def test_the_exception_of_a_handler_is_reached(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        shop=SHOP,
        test_shop="""
import pytest, shop

def test_it():
    execution = shop.run()
    assert [one.state for one in execution.raised] == ["Charge", "Charge"]
    with pytest.raises(shop.CardDeclined, match="no money"):
        raise execution.exception
""",
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
