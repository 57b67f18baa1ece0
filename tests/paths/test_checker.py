"""The checker confirms what the explorer proved, and refutes what was tampered with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from step.engine.quotas import Quotas
from step.errors import StepError
from step.machine.checks import CheckFile
from step.paths import Exploration, Moment
from step.paths.certificate import Certificate, Refuted
from step.paths.checker import check
from step.paths.explore import explore
from step.paths.setup import Extent, Setup
from tests.paths.agreement import INFO
from tests.paths.test_agreement import cases
from tests.paths.test_bread_paths import CHECKS, bread, explored

LINES = 200


@pytest.fixture(scope="module")
def proved() -> Exploration:
    return explored(bread(), CHECKS.inputs[0])


def test_checker_is_short_enough_to_be_believed() -> None:
    from step.paths import checker

    assert len(Path(checker.__file__).read_text(encoding="utf-8").splitlines()) < LINES


def test_proof_of_the_bread_is_confirmed(proved: Exploration) -> None:
    certificate = Certificate.from_bytes(proved.certificate().to_bytes())

    moves = check(certificate, proved.setup, CHECKS.checks["invariants"])

    assert moves == proved.moves


def left_out(certificate: Certificate) -> Certificate:
    """Leave out what the third situation leads to last."""
    targets = [[*targets] for targets in certificate.targets]
    targets[3].pop()
    return replace(certificate, targets=targets)


def led_elsewhere(certificate: Certificate) -> Certificate:
    targets = [[*targets] for targets in certificate.targets]
    targets[5][0] += 1
    return replace(certificate, targets=targets)


def cut_short(certificate: Certificate) -> Certificate:
    return replace(certificate, names=certificate.names[:-9], targets=certificate.targets[:-9])


def made_up(certificate: Certificate) -> Certificate:
    return replace(certificate, names=[*certificate.names, bytes(16)], targets=[*certificate.targets, []])


def named_wrongly(certificate: Certificate) -> Certificate:
    return replace(certificate, names=[*certificate.names[:-1], bytes(16)])


def begun_elsewhere(certificate: Certificate) -> Certificate:
    return replace(certificate, names=certificate.names[1:], targets=certificate.targets[1:])


def of_another_machine(certificate: Certificate) -> Certificate:
    return replace(certificate, machine="0")


def with_fields_left_out(certificate: Certificate) -> Certificate:
    return replace(certificate, leave_out=("looks",))


DAMAGES = [
    left_out,
    led_elsewhere,
    cut_short,
    made_up,
    named_wrongly,
    begun_elsewhere,
    of_another_machine,
    with_fields_left_out,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_certificate_that_was_tampered_with_is_refuted(proved: Exploration, damage: Any) -> None:
    with pytest.raises(Refuted):
        check(damage(proved.certificate()), proved.setup, CHECKS.checks["invariants"])


def test_what_does_not_hold_is_refuted(proved: Exploration) -> None:
    def bread_is_always_eaten(moment: Moment) -> bool:
        return moment.status in ("RUNNING", "SUCCEEDED")

    with pytest.raises(Refuted, match="bread is always eaten"):
        check(proved.certificate(), proved.setup, [bread_is_always_eaten])


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(StepError, match="isn't a certificate"):
        Certificate.from_bytes(b"{}\nabc")


def test_nothing_is_certified_that_was_not_proved() -> None:
    bounded = bread().explore(CHECKS.inputs[0], faults=1)

    with pytest.raises(StepError, match="whatever the number of faults"):
        bounded.certificate()


def test_certificates_of_generated_machines_are_confirmed() -> None:
    checked = 0
    for _, case in cases(0, 60):
        found = explore(
            Setup(
                definition=case.machine.definition,
                program=case.program,
                info=INFO,
                quotas=Quotas(),
                perform=case.perform,
                effects=case.generated.effects,
                world=case.generated.world,
            ),
            [],
            Extent(max_situations=3000),
        )
        if found.is_proven:
            assert check(found.certificate(), found.setup, []) >= found.moves
            checked += 1

    assert checked > 30


def test_checks_of_a_file_that_is_not_there_are_refused() -> None:
    with pytest.raises(StepError, match="no such Python file"):
        CheckFile.from_file(Path("nowhere.py"))
