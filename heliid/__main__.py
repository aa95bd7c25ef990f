"""``python -m heliid``: the command line."""

import sys

from heliid.cli import main

if __name__ == "__main__":
    sys.exit(main())
