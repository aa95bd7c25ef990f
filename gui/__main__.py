"""``python -m gui`` and ``python gui``: the window, installed or straight from a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
for _folder in (str(_HERE), str(_HERE.parent)):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)


def main() -> int:
    """Open the window on the files named on the command line."""
    from heliid_gui.app import main as open_window

    return open_window(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
