"""Say hello: the handler of ``states/hello.asl.json``."""

from dataclasses import dataclass

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="hello")


@dataclass(frozen=True)
class Person:
    name: str = "world"


@dataclass(frozen=True)
class Greeting:
    text: str


@handlers.task("Hello")
def greet(person: Person) -> Greeting:
    return Greeting(text=f"Hello, {person.name}!")
