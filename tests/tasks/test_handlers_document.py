"""The examples of docs/handlers.md are true."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "handlers.md"


def test_examples_run_in_the_order_in_which_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    module = ModuleType("handlers_document")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    examples = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))

    for example in examples:
        line = text.count("\n", 0, example.start(1))
        exec(compile("\n" * line + example.group(1), str(DOCUMENT), "exec"), vars(module))

    assert len(examples) >= 8
    handlers = vars(module)["handlers"]
    assert list(handlers.tasks) == ["Check", "Bake", "BakeAgain", "Pay", "Deliver"]
    with pytest.raises(Exception, match="the bank says no") as caught:
        handlers({"Task": "Pay"}, None)
    assert type(caught.value).__name__ == "Card.Declined"
