"""The bread's handlers, one by one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.tasks import decode

FILE = Path(__file__).parents[2] / "lambda" / "bread.py"


@pytest.fixture(name="bread")
def load_bread() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("bread_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["bread_under_test"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bread_under_test"]


def _send(bread: Any, task: str, value: object, retry_count: int = 0) -> Any:
    return bread.handlers({"Task": task, "Input": value, "Context": {"RetryCount": retry_count}}, None)


def test_recipe_makes_a_loaf_that_can_be_eaten(bread: Any) -> None:
    value: Any = {}
    for task in ("InitMix", "Mix&Knead", "Bake", "RemoveCoolEat"):
        value = _send(bread, task, value)
    loaf = decode(bread.Bread, value)

    assert value["flour_grams"] == 280
    assert (value["water_cups"], value["milk_cups"]) == (0.5, 0.5)
    assert (value["has_yeast"], value["has_salt"]) == (True, True)
    assert value["oven"]["celsius"] == 0
    assert loaf.eat() == "A warm loaf from 280 g of flour: delicious."


def test_dough_cannot_be_eaten(bread: Any) -> None:
    with pytest.raises(ValueError, match="this isn't bread yet"):
        bread.init_mix(bread.Bread()).eat()


def test_oven_heats_once_its_failures_are_over(bread: Any) -> None:
    value = {"oven": {"failures": 1}}

    with pytest.raises(bread.OvenBroken):
        _send(bread, "Bake", value)

    assert _send(bread, "Bake", value, retry_count=1)["oven"]["celsius"] == 250


def test_each_look_is_five_minutes_later(bread: Any) -> None:
    value = _send(bread, "CheckGolden", {"oven": {"celsius": 250, "minutes_to_golden": 20}})

    assert value["looks"] == 1
    assert value["oven"] == {"celsius": 250, "minutes_to_golden": 15, "failures": 0}


@pytest.mark.parametrize("task", ["TakeOutPale", "SaveDough", "TurnOvenOff"])
def test_every_way_out_turns_the_oven_off(bread: Any, task: str) -> None:
    value = _send(bread, task, {"flour_grams": 280, "oven": {"celsius": 250}})

    assert value["oven"]["celsius"] == 0
    assert value["is_ready"] is False


def test_oven_broken_is_declared(bread: Any) -> None:
    assert bread.handlers.declared_errors("Bake") == ("OvenBroken",)
