"""What a reviewer reads of a plan in a pull request."""

from __future__ import annotations

import json
from dataclasses import replace

from step.cli.plan_report import plan_markdown
from step.deployer.plan import FunctionState, Starter, make_plan
from step.deployer.release import Analysis, Canary, CanaryStep

ARN = "arn:aws:lambda:us-east-1:123456789012:function:oven"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:bread"
TASK = {"Type": "Task", "Resource": f"{ARN}:7", "Next": "Done"}
LIVE = json.dumps({"StartAt": "Bake", "States": {"Bake": TASK, "Done": {"Type": "Succeed"}}})
NEW = json.dumps(
    {
        "StartAt": "Bake",
        "States": {
            "Bake": {**TASK, "Resource": "${oven_arn}", "Next": "Cool"},
            "Cool": {"Type": "Wait", "Seconds": 600, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
)
OLD_CODE = FunctionState(code_sha256="a" * 64, configuration={"MemorySize": 128}, size_bytes=20 * 1024)
NEW_CODE = FunctionState(code_sha256="b" * 64, configuration={"MemorySize": 512}, size_bytes=30 * 1024 * 1024)
PLAN = make_plan(
    live_definition=LIVE,
    new_definition=NEW,
    function_arns={"oven_arn": ARN},
    live_functions={"oven": OLD_CODE},
    new_functions={"oven": NEW_CODE},
    live=f"{MACHINE}:7",
    starters=[
        Starter(target=f"{MACHINE}:live", kind="rule", name="bread-nightly"),
        Starter(target=MACHINE, kind="schedule", name="by-hand"),
    ],
)
CANARY = Canary(
    steps=(CanaryStep(percent=5, bake_seconds=600), CanaryStep(percent=50, bake_seconds=3600)),
    alarms=("bread-fails",),
    analysis=Analysis(resource=f"{ARN}-checks:3"),
)


REPORT = f"""\
## What a deploy of `bread` would change

### Functions

| function | code | size | configuration |
| --- | --- | ---: | --- |
| `oven` | `aaaaaaaaaaaa` → `bbbbbbbbbbbb` | 20 KiB → 30.0 MiB | `MemorySize`: `128` → `512` |

### Definition

**States**

- `+` `Cool`: Wait

**Transitions**

- `+` `Bake` → `Cool`
- `+` `Cool` → `Done`
- `-` `Bake` → `Done`

**Ways, loops folded: 1, now 1**

- `+` `Bake > Cool > Done`
- `-` `Bake > Done`

### How it would come

| step | share | bakes for |
| ---: | ---: | --- |
| 1 | 5 % | 10 min |
| 2 | 50 % | 1 h |
| 3 | 100 % | |

Led back by the alarm `bread-fails`, the analysis `{ARN}-checks:3`.

### What starts it

| | starts | |
| --- | --- | --- |
| rule `bread-nightly` | `bread:live` | gets each release |
| schedule `by-hand` | `bread` | **isn't moved by releases** |

> [!WARNING]
> the schedule by-hand starts {MACHINE}, which releases don't move: it has to start the alias 'live'

Live is `{MACHINE}:7`: `step deploy ... --expect-live {MACHINE}:7` deploys this plan and no other.
"""


def test_report_tells_functions_definition_canary_and_what_starts_the_machine() -> None:
    assert plan_markdown(PLAN, "bread", CANARY) == REPORT


def test_plan_that_changes_nothing_says_so_and_no_more() -> None:
    same = make_plan(
        live_definition=LIVE,
        new_definition=LIVE,
        function_arns={},
        live_functions={"oven": OLD_CODE},
        new_functions={"oven": OLD_CODE},
        live=f"{MACHINE}:7",
    )

    assert (
        plan_markdown(same, "bread", None)
        == "## What a deploy of `bread` would change\n\nNothing would change.\n"
    )


def test_cells_hold_whatever_is_configured() -> None:
    odd = replace(NEW_CODE, configuration={"Handler": "a|b", "EnvironmentSha256": "1"})
    plan = replace(PLAN, functions={"oven": (OLD_CODE, odd)})

    [row] = [line for line in plan_markdown(plan, "bread", None).splitlines() if line.startswith("| `oven`")]

    assert row.endswith(
        r'| `Environment` changes<br>`Handler`: `null` → `"a\|b"`<br>`MemorySize`: `128` → `null` |'
    )
