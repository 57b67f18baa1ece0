"""Colours and badges of the SVG: a style sheet and small shapes.

Pure: no clock, no IO. Nothing is told by colour alone: every type has its own icon and its name in words,
every outcome its own sign. Rules need no CSS variables, so that converters like rsvg-convert take them.
"""

from __future__ import annotations

from step.view.taken import Mark

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'

STYLE = """
.step-machine text{font-family:%s;font-size:11px;fill:#57606a;white-space:pre}
.step-machine .name{font-size:13px;font-weight:600;fill:#1f2328}
.step-machine .canvas,.step-machine .panel{fill:#fff}
.step-machine .panel{stroke:#d0d7de}
.step-machine .box{fill:#fff;stroke:#afb8c1;stroke-width:1.25}
.step-machine .fork{fill:#f6f8fa}
.step-machine .dot{fill:#57606a}
.step-machine .ring{fill:none;stroke:#57606a;stroke-width:2}
.step-machine .line{fill:none;stroke:#6e7781;stroke-width:1.5}
.step-machine .catch{stroke:#bc4c00;stroke-dasharray:5 4}
.step-machine .label{stroke:#fff;stroke-width:5px;stroke-linejoin:round;paint-order:stroke}
.step-machine .on-catch{fill:#953800}
.step-machine .head{fill:#6e7781}
.step-machine .head-catch{fill:#bc4c00}
.step-machine .head-taken{fill:#0969da}
.step-machine .glyph{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.step-machine .again{fill:none;stroke:#57606a;stroke-width:1.3;stroke-linecap:round}
.step-machine .idle{opacity:.5}
.step-machine .entered{stroke:#0969da;stroke-width:2.5}
.step-machine .ended-failed{stroke:#cf222e;stroke-width:2.5}
.step-machine .taken{stroke:#0969da;stroke-width:3.25}
.step-machine .count{font-weight:600;fill:#fff}
.step-machine .Task{fill:#0969da}
.step-machine .Wait{fill:#9a6700}
.step-machine .Choice{fill:#8250df}
.step-machine .Pass{fill:#6e7781}
.step-machine .Succeed,.step-machine .succeeded{fill:#1a7f37}
.step-machine .Fail,.step-machine .failed{fill:#cf222e}
.step-machine .Parallel{fill:#0e7c86}
.step-machine .Map{fill:#bf3989}
.step-machine .caught{fill:#bc4c00}
.step-machine .running{fill:#0969da}
.step-machine .aborted{fill:#6e7781}
@media (prefers-color-scheme:dark){
.step-machine text{fill:#9198a1}
.step-machine .name{fill:#f0f6fc}
.step-machine .canvas,.step-machine .panel{fill:#0d1117}
.step-machine .panel{stroke:#3d444d}
.step-machine .box{fill:#151b23;stroke:#656c76}
.step-machine .fork{fill:#1c232c}
.step-machine .dot{fill:#9198a1}
.step-machine .ring,.step-machine .again{stroke:#9198a1}
.step-machine .line{stroke:#8b949e}
.step-machine .catch{stroke:#f0883e}
.step-machine .label{stroke:#0d1117}
.step-machine .on-catch{fill:#ffa657}
.step-machine .head{fill:#8b949e}
.step-machine .head-catch{fill:#f0883e}
.step-machine .head-taken{fill:#4493f8}
.step-machine .entered,.step-machine .taken{stroke:#4493f8}
.step-machine .ended-failed{stroke:#f85149}
.step-machine .count{fill:#fff}
}
""".strip().replace("%s", FONT)

_SIGNS: dict[Mark, str] = {
    "succeeded": "M-3.5 .5L-1 3L3.5 -2.5",
    "failed": "M-3 -3L3 3M3 -3L-3 3",
    "caught": "M0 -4V1M0 3.8V4",
    "running": "M-3.6 0H-3.5M0 0H.1M3.6 0H3.7",
    "aborted": "M-3.5 0H3.5",
}


def css_text(text: str) -> str:
    """Write a text as it stands between quotes in a style sheet: each character by its number."""
    return "".join(f"\\{ord(character):x} " for character in text)


def draw_badge(mark: Mark, count: int, x: int, y: int) -> str:
    """Draw how a state ended around (x, y), and at its left how often it was entered, if more than once."""
    sign = f'<circle class="{mark}" r="9"/><path class="glyph" d="{_SIGNS[mark]}"/>'
    if count > 1:
        text = f"{count}x"
        width = 10 + 7 * len(text)
        sign = (
            f'<rect class="{mark}" x="{-8 - width}" y="-9" width="{width + 8}" height="18" rx="9"/>'
            f'<text class="count" x="{-width // 2 - 8}" y="4" text-anchor="middle">{text}</text>' + sign
        )
    return f'<g transform="translate({x} {y})">{sign}</g>'


def draw_retry_sign(x: int, y: int) -> str:
    """Draw the round arrow that stands before what is retried."""
    return f'<path class="again" transform="translate({x} {y})" d="M8.5 2.5A4 4 0 1 0 9 6M9 0V3H6"/>'
