"""The command line: arguments in, progress lines and files out.

Everything the window does, by the same core functions. Exit status: 0 done, 2 wrong arguments or
unusable input (one sentence on standard error), 1 anything else. ``heliid --help`` imports
nothing but the standard library; each command imports what it needs when it runs.
"""

from __future__ import annotations

from heliid.cli.main import main

__all__ = ["main"]
