"""Pictures and timelines of machines and executions. Pure: no clock, no IO."""

from step.view.dot import render_dot
from step.view.graph import Edge, GraphScope, Vertex, build_graph
from step.view.mermaid import render_mermaid
from step.view.picture import FORMATS, draw
from step.view.svg import render_svg
from step.view.taken import Taken
from step.view.timeline import event_line, render_timeline
from step.view.visits import Visit, Visits, gather_visits

__all__ = [
    "FORMATS",
    "Edge",
    "GraphScope",
    "Taken",
    "Vertex",
    "Visit",
    "Visits",
    "build_graph",
    "draw",
    "event_line",
    "gather_visits",
    "render_dot",
    "render_mermaid",
    "render_svg",
    "render_timeline",
]
