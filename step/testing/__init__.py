"""What tests of machines use; ``plugin`` offers it to pytest as fixtures."""

from step.testing.fixtures import AssertPath, LoadMachine
from step.testing.paths import assert_path

__all__ = ["AssertPath", "LoadMachine", "assert_path"]
