"""One execution as a self-contained page: graph, timeline, events and every state's data.

Pure: no clock, no IO; style sheet and script are given. The page shows what the history says:
it is the same for an execution in a test, on the local service and on AWS.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from step.asl.model import Definition
from step.view.svg import render_svg

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<div id="execution"></div>
<template id="graph">{graph}</template>
<script type="application/json" id="data">{data}</script>
<script>{js}
StepPage.show(document.getElementById("execution"), JSON.parse(document.getElementById("data").textContent),
  document.getElementById("graph").innerHTML);
</script>
</body>
</html>
"""
# The page needs nothing from anywhere, and what a payload holds can't make it ask for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def render_page(definition: Definition, execution: Mapping[str, Any], *, css: str, js: str) -> str:
    """Write the page.

    Args:
        definition: What ran.
        execution: JSON with ``name``, ``machine``, ``status``, ``error``, ``cause`` and ``history``: the
            events of GetExecutionHistory with timestamps as ISO text.
        css: The style sheet.
        js: The script; it defines ``StepPage``.
    """
    title = f"{execution.get('machine') or 'execution'}: {execution.get('status', '')}"
    # In a script element "<" could only end it or open a comment; JSON can do without it.
    data = json.dumps(execution, ensure_ascii=False).replace("<", "\\u003c")
    return _PAGE.format(
        policy=_POLICY, title=html.escape(title), css=css, js=js, graph=render_svg(definition), data=data
    )
