"""The examples in docstrings of the public names are true."""

from __future__ import annotations

import doctest
import inspect
from importlib import import_module

from public_interface import PUBLIC

# The most used names have one.
WITH_EXAMPLES = {
    "Execution",
    "Execution.result",
    "StateMachine",
    "StateMachine.execute",
    "StateMachine.set_callback",
    "StateMachine.set_resource_function",
    "TaskError",
    "TaskHandlers",
    "assert_path",
    "decode",
    "encode",
}


def test_examples_come_out_as_they_say() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    told: list[str] = []
    found = set()

    for module, names in PUBLIC.items():
        home = import_module(module)
        for thing in {getattr(home, name) for name in names or home.__all__}:
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            for example in finder.find(thing, name=thing.__qualname__, globs={}):
                found |= {example.name} if example.examples else set()
                doctest.DocTestRunner().run(example, out=told.append)

    assert "".join(told) == ""
    assert WITH_EXAMPLES - found == set()
