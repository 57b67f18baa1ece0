"""The words that say how a release comes step by step, and what ends it: ``-canary``, ``-linear``, alarms.

Knows no AWS operation.
"""

from __future__ import annotations

import argparse
import re

from step.cli.deploys import add_word
from step.deployer.release import Analysis, Canary, CanaryStep
from step.errors import StepError

_UNITS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(?:[0-9]+[smh])+|[0-9]+")
_BAKE = "5m"
# What a function's analysis may take, and a machine's.
_ANSWER_SECONDS, _EXECUTION_SECONDS = 60, 300


def add_canary_arguments(care: argparse._ArgumentGroup) -> None:
    """Add the words of canaries."""
    add_word(care, "canary", metavar="PERCENT,...", help="these shares of the executions first: 5,20,50")
    add_word(
        care, "bake", metavar="DURATION", help=f"with -canary: each share for so long (default: {_BAKE})"
    )
    add_word(care, "linear", type=int, metavar="PERCENT", help="so many more at a time, in equal steps: 10")
    add_word(care, "every", metavar="DURATION", help=f"with -linear: a step after so long (default: {_BAKE})")
    add_word(
        care,
        "alarm",
        dest="alarms",
        action="append",
        default=[],
        metavar="NAME",
        help="a CloudWatch alarm that ends the deploy: where it rings, is gone, or has no data at the end "
        "of a step (repeatable)",
    )
    add_word(
        care, "accept-missing-data", action="store_true", help="an alarm without data doesn't end the deploy"
    )
    add_word(
        care,
        "analysis",
        metavar="ARN",
        help="asked after each step: a function's version or alias, or a machine's; it has to answer "
        '{"healthy": true}',
    )
    add_word(
        care,
        "analysis-timeout",
        metavar="DURATION",
        help=f"its answer has to be there after so long (default: {_ANSWER_SECONDS}s; of a machine: "
        f"{_EXECUTION_SECONDS // 60}m)",
    )


def canary_of(options: argparse.Namespace) -> Canary | None:
    """Read how the release is to come; None: all at once.

    Raises:
        StepError: the words contradict each other.
    """
    steps = _steps(options)
    if not steps:
        given = {"alarm": options.alarms, "analysis": options.analysis, "bake": options.bake}
        given |= {"every": options.every, "accept-missing-data": options.accept_missing_data}
        if lonely := [f"-{word}" for word, value in given.items() if value]:
            raise StepError(f"{', '.join(lonely)}: only together with -canary or -linear")
        return None
    if not options.alarms and not options.analysis:
        raise StepError("-canary, -linear: name at least one -alarm or an -analysis that ends the deploy")
    return Canary(
        steps=steps,
        alarms=tuple(options.alarms),
        accepts_missing_data=options.accept_missing_data,
        analysis=_analysis(options),
    )


def seconds_of(text: str, word: str) -> int:
    """Read a duration: ``90``, ``90s``, ``10m``, ``1h30m``.

    Raises:
        StepError: it is none.
    """
    if not _DURATION.fullmatch(text):
        raise StepError(f"{word} {text}: expected a duration, as 90s, 10m or 1h30m")
    if text.isdigit():
        return int(text)
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([smh])", text))


def _steps(options: argparse.Namespace) -> tuple[CanaryStep, ...]:
    if options.canary is not None and options.linear is not None:
        raise StepError("-canary and -linear: only one of them")
    if options.linear is not None:
        if not 1 <= options.linear <= 99:
            raise StepError(f"-linear {options.linear}: expected 1 to 99")
        every = seconds_of(options.every or _BAKE, "-every")
        shares = list(range(options.linear, 100, options.linear))
        return tuple(CanaryStep(percent=share, bake_seconds=every) for share in shares)
    if options.canary is None:
        return ()
    if not re.fullmatch(r"[0-9]{1,2}(,[0-9]{1,2})*", options.canary):
        raise StepError(f"-canary {options.canary}: expected shares from 1 to 99, as 5,20,50")
    bake = seconds_of(options.bake or _BAKE, "-bake")
    return tuple(CanaryStep(percent=int(share), bake_seconds=bake) for share in options.canary.split(","))


def _analysis(options: argparse.Namespace) -> Analysis | None:
    if options.analysis is None:
        return None
    default = _EXECUTION_SECONDS if ":stateMachine:" in options.analysis else _ANSWER_SECONDS
    word = "-analysis-timeout"
    timeout = seconds_of(options.analysis_timeout, word) if options.analysis_timeout else default
    return Analysis(resource=options.analysis, timeout_seconds=timeout)
