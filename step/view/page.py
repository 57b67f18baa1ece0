"""HTML pages that stand alone: an execution with graph, timeline, events and every state's data; documents.

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

_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
{head}
</head>
<body>
{body}
</body>
</html>
"""


def render_html(title: str, body: str, *head: str) -> str:
    """Write a page of HTML: its title as text, its body and what its head holds besides as markup."""
    return _HTML.format(title=html.escape(title), head="\n".join(head), body=body)


def render_page(definition: Definition, execution: Mapping[str, Any], *, css: str, js: str) -> str:
    """Write the page.

    Args:
        definition: What ran.
        execution: JSON with ``name``, ``machine``, ``status``, ``error``, ``cause`` and ``history``: the
            events of GetExecutionHistory with timestamps as ISO text; perhaps ``arn``, ``now``, the moment
            up to which a running one is told, and ``pytest``, the execution as a test.
        css: The style sheet.
        js: The script; it reads the element ``data`` and fills the element ``execution``.
    """
    title = f"{execution.get('machine') or 'execution'}: {execution.get('status', '')}"
    shown = {**execution, "definition": definition.source, "graph": render_svg(definition, has_style=False)}
    # In a script element "<" could only end it or open a comment; JSON can do without it. ASCII: payloads
    # may hold half characters, which no encoding of a file has.
    data = json.dumps(shown).replace("<", "\\u003c")
    parts = (
        '<main id="execution"></main>',
        f'<script type="application/json" id="data">{data}</script>',
        f'<script type="module">{js}</script>',
    )
    return _alone(title, "\n".join(parts), css, f"script-src {_hash(js)}; ")


def render_document(title: str, body: str, *, css: str) -> str:
    """Write a page without a script: ``body`` is HTML, in which pictures have no style of their own."""
    return _alone(title, body, f"{STYLE}\n{css}")


def _alone(title: str, body: str, css: str, scripts: str = "") -> str:
    """Allow this style sheet and perhaps a script, and nothing from anywhere: whatever a payload holds."""
    policy = f"default-src 'none'; style-src {_hash(css)}; {scripts}base-uri 'none'"
    return render_html(
        title,
        body,
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="referrer" content="no-referrer">',
        f"<style>{css}</style>",
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
