"""One execution as a self-contained page: graph, timeline, events and every state's data.

Pure: no clock, no IO; style sheet and script are given. The page shows what the history says:
it is the same for an execution in a test, on the local service and on AWS.
"""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from step.asl.model import Definition
from step.view.style import STYLE
from step.view.svg import render_svg

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<main id="execution"></main>
<script type="application/json" id="data">{data}</script>
<script type="module">{js}</script>
</body>
</html>
"""


def render_page(definition: Definition, execution: Mapping[str, Any], *, css: str, js: str) -> str:
    """Write the page.

    Args:
        definition: What ran.
        execution: JSON with ``name``, ``machine``, ``status``, ``error``, ``cause`` and ``history``: the
            events of GetExecutionHistory with timestamps as ISO text; perhaps ``arn`` and ``pytest``, the
            execution as a test.
        css: The style sheet.
        js: The script; it reads the element ``data`` and fills the element ``execution``.
    """
    title = f"{execution.get('machine') or 'execution'}: {execution.get('status', '')}"
    shown = {**execution, "definition": definition.source, "graph": render_svg(definition, has_style=False)}
    # In a script element "<" could only end it or open a comment; JSON can do without it. ASCII: payloads
    # may hold half characters, which no encoding of a file has.
    data = json.dumps(shown).replace("<", "\\u003c")
    return _PAGE.format(policy=_policy(css, js), title=html.escape(title), css=css, js=js, data=data)


_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {hash}; base-uri 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
{body}
</body>
</html>
"""


def render_document(title: str, body: str, *, css: str) -> str:
    """Write a page without a script: ``body`` is HTML, in which pictures have no style of their own."""
    whole = f"{STYLE}\n{css}"
    return _DOCUMENT.format(hash=_hash(whole), title=html.escape(title), css=whole, body=body)


def _policy(css: str, js: str) -> str:
    """Allow this style sheet and this script, and nothing from anywhere: whatever a payload holds."""
    return f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}; base-uri 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
