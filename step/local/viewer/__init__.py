"""The viewer: pages of machines and executions, live, over whatever answers Step Functions' operations."""

from step.local.viewer.source import Source
from step.local.viewer.viewer import Viewer

__all__ = ["Source", "Viewer"]
