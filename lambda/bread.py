"""Bake bread, slowly: the handlers of ``states/bread.asl.json``.

The kitchen is simulated: what a handler does depends on its input and its attempt only.
"""

from dataclasses import dataclass, replace

from step.tasks import TaskContext, TaskHandlers

handlers = TaskHandlers(service="bakery")


class OvenBroken(Exception):  # noqa: N818 - it is the name that the definition's Retry and Catch match
    """The oven doesn't heat."""


@dataclass(frozen=True)
class Oven:
    celsius: int = 0  # 0: it is off
    minutes_to_golden: int = 5  # what is left, as the last look through its window told
    failures: int = 0  # so many attempts to heat it fail


@dataclass(frozen=True)
class Bread:
    flour_grams: int = 0
    water_cups: float = 0.0
    milk_cups: float = 0.0
    has_yeast: bool = False
    has_salt: bool = False
    looks: int = 0
    is_ready: bool = False
    oven: Oven = Oven()

    def eat(self) -> str:
        if not self.is_ready:
            raise ValueError("this isn't bread yet")
        return f"A warm loaf from {self.flour_grams} g of flour: delicious."


@handlers.task("InitMix")
def init_mix(bread: Bread) -> Bread:
    return replace(bread, flour_grams=140, water_cups=0.5, has_yeast=True)


@handlers.task("Mix&Knead")
def mix_and_knead(dough: Bread) -> Bread:
    return replace(dough, flour_grams=dough.flour_grams + 140, milk_cups=0.5, has_salt=True)


@handlers.task("Bake", raises=(OvenBroken,))
def bake(dough: Bread, context: TaskContext) -> Bread:
    if context.attempt <= dough.oven.failures:
        raise OvenBroken("it stays cold")
    return replace(dough, oven=replace(dough.oven, celsius=250))


@handlers.task("CheckGolden")
def check_golden(bread: Bread) -> Bread:
    left = bread.oven.minutes_to_golden - 5
    return replace(bread, looks=bread.looks + 1, oven=replace(bread.oven, minutes_to_golden=left))


@handlers.task("RemoveCoolEat")
def remove_cool_eat(bread: Bread) -> Bread:
    return replace(turn_oven_off(bread), is_ready=True)


@handlers.task("TakeOutPale", "SaveDough", "TurnOvenOff")
def turn_oven_off(bread: Bread) -> Bread:
    return replace(bread, oven=replace(bread.oven, celsius=0))
