"""The viewer: pages of machines and executions, live, over whatever answers Step Functions' operations."""

from step.local.viewer.source import ExecutionSource
from step.local.viewer.viewer import Viewer

__all__ = ["ExecutionSource", "Viewer"]
