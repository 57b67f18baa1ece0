"""What tests of machines use; ``plugin`` offers it to pytest as fixtures."""

from step.testing.paths import assert_path

__all__ = ["assert_path"]
