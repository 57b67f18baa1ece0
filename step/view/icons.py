"""Icons of states: one for every type, and of Tasks one for what they call.

Pure: no clock, no IO. Nothing is told by colour alone: every type has its own shape beside its name in words.
"""

from __future__ import annotations

from step.view.graph import Vertex, VertexKind

# An icon is 20 by 20: a filled shape in its type's colour, and white strokes on it.
_DISC = '<circle class="{kind}" cx="10" cy="10" r="10"/>'
_TILE = '<rect class="{kind}" width="20" height="20" rx="5"/>'
_ICONS: dict[VertexKind, tuple[str, str]] = {
    "Task": (_TILE, "M7 4V7.5M13 4V7.5M5 7.5H15V10A5 5 0 0 1 5 10ZM10 15V17"),
    "Wait": (_DISC, "M10 4.5V10L13.5 12.5"),
    "Choice": (
        '<path class="{kind}" d="M10 -1L21 10L10 21L-1 10Z"/>',
        "M7.6 8A2.4 2.4 0 1 1 10 10.5V11.6M10 14.4V14.5",
    ),
    "Pass": (_DISC, "M5 10H14.5M11 6.5L14.5 10L11 13.5"),
    "Succeed": (_DISC, "M5.5 10.5L8.8 13.5L14.5 7"),
    "Fail": (
        '<path class="{kind}" d="M6 0H14L20 6V14L14 20H6L0 14V6Z"/>',
        "M6.5 6.5L13.5 13.5M13.5 6.5L6.5 13.5",
    ),
    "Parallel": (_TILE, "M10 3.5V6.5M5 16V9.5H15V16M10 6.5V16"),
    "Map": (_TILE, "M4.5 4.5H12V12H4.5ZM8.5 15.5H15.5V8.5"),
}
# What a Task calls; a service that isn't here has the plug of Task above.
_GLYPHS: dict[str, str] = {
    "lambda": "M6.5 4.5H8.5L14 15.5M10 8.5L6 15.5",
    "activity": "M10 4A2.5 2.5 0 1 0 10 9A2.5 2.5 0 1 0 10 4M4.5 16C4.5 10.5 15.5 10.5 15.5 16",
    "queue": "M3 7H7V13H3ZM9 7H13V13H9ZM16 7V13",
    "topic": "M4 10H7L15 5M7 10H15.5M7 10L15 15",
    "event": "M11 3.5L5.5 11H9.5L8.5 16.5L14.5 8.5H10.5Z",
    "table": (
        "M5 5.5C5 3.5 15 3.5 15 5.5V14.5C15 16.5 5 16.5 5 14.5Z"
        "M5 5.5C5 7.5 15 7.5 15 5.5M5 10C5 12 15 12 15 10"
    ),
    "bucket": "M4.5 5.5H15.5L14 16H6ZM4.5 5.5C4.5 3.8 15.5 3.8 15.5 5.5",
    "machine": "M7 4H13V8H7ZM4 12H9V16H4ZM11 12H16V16H11ZM10 8V10M6.5 12V10H13.5V12",
    "container": "M4 7L10 4L16 7V13L10 16L4 13ZM4 7L10 10L16 7M10 10V16",
    "query": "M8.5 4A4.5 4.5 0 1 0 8.5 13A4.5 4.5 0 1 0 8.5 4M12 12L16 16",
    "model": "M10 3.5L11.7 8.3L16.5 10L11.7 11.7L10 16.5L8.3 11.7L3.5 10L8.3 8.3Z",
    "web": "M10 4A6 6 0 1 0 10 16A6 6 0 1 0 10 4M4 10H16M10 4C7 7.5 7 12.5 10 16M10 4C13 7.5 13 12.5 10 16",
    "mail": "M4 5.5H16V14.5H4ZM4 6L10 11L16 6",
}
_SERVICES = {
    "sqs": "queue",
    "sns": "topic",
    "events": "event",
    "eventbridge": "event",
    "scheduler": "event",
    "dynamodb": "table",
    "rdsdata": "table",
    "redshiftdata": "table",
    "s3": "bucket",
    "states": "machine",
    "sfn": "machine",
    "ecs": "container",
    "eks": "container",
    "batch": "container",
    "codebuild": "container",
    "athena": "query",
    "glue": "query",
    "databrew": "query",
    "elasticmapreduce": "query",
    "emr-containers": "query",
    "emr-serverless": "query",
    "bedrock": "model",
    "bedrockruntime": "model",
    "sagemaker": "model",
    "http": "web",
    "apigateway": "web",
    "ses": "mail",
    "sesv2": "mail",
}


def draw_icon(vertex: Vertex, x: int, y: int) -> str:
    """Draw the icon of a state with its corner at (x, y)."""
    shape, glyph = _ICONS[vertex.kind]
    called = vertex.calls
    glyph = _GLYPHS.get(_SERVICES.get(called, called), glyph)
    icon = f'{shape.format(kind=vertex.kind)}<path class="glyph" d="{glyph}"/>'
    return f'<g transform="translate({x} {y})">{icon}</g>'
