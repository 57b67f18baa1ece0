"""``python -m step``: the command where it isn't on the path."""

from __future__ import annotations

import sys

from step.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
