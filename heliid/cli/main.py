"""From the argument list to an exit status; every error becomes one sentence."""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from heliid.cli.arguments import COMMANDS, make_parser

DONE, FAILED, UNUSABLE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except SystemExit as end:  # argparse: --help, --version, wrong arguments
        return end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:
        _say("stopped.")
        return FAILED
    except BrokenPipeError:
        # the reader of our output has gone (heliid ... | head); nothing is wrong
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # the last stop before the user
        return _explain(error)


def _run(arguments: list[str]) -> int:
    if not arguments or (arguments[0] not in COMMANDS and not arguments[0].startswith("-")):
        return _open_window(arguments)
    options = make_parser().parse_args(arguments)
    if not hasattr(options, "room"):
        return _open_window([])
    from heliid.logs import install_logging

    install_logging()
    if not os.environ.get("HELIID_DEBUG"):
        warnings.simplefilter("ignore")  # a library's remark is not for the user
    room = importlib.import_module(f"heliid.cli.{options.room}")
    return int(room.run(options))


def _open_window(files: list[str]) -> int:
    """Open the window on ``files``; what is neither a file nor a command is named."""
    for name in files:
        if not Path(name).exists():
            _say(
                f"there is no file and no command '{name}': the commands are "
                f"{', '.join(COMMANDS)} (see heliid --help)."
            )
            return UNUSABLE
    try:
        # by name: the core never imports the window
        window = importlib.import_module("heliid_gui.app")
    except ImportError as missing:
        _say(f"the window cannot be opened ({missing}); the commands work: see heliid --help.")
        return FAILED
    # the window has statuses of its own (no screen, missing libraries); here they are all "1"
    return DONE if window.main(files) == DONE else FAILED


def _explain(error: Exception) -> int:
    """One sentence on standard error, and what kind of failure it was."""
    from heliid.engine.protocol import EngineError
    from heliid.errors import HeliIDError

    if os.environ.get("HELIID_DEBUG"):
        import traceback

        traceback.print_exception(error)
    log = logging.getLogger("heliid.cli")
    log.addHandler(logging.NullHandler())  # without a log the sentence below is enough
    if isinstance(error, HeliIDError):
        log.error("%s", error)
        _say(str(error))
        return FAILED if isinstance(error, EngineError) else UNUSABLE
    log.error("%s", type(error).__name__, exc_info=error)
    if isinstance(error, MemoryError):
        _say(
            "there is not enough memory for this: use fewer workers, shorter records or a lower "
            "rate, or close other programs; a search goes on with --resume."
        )
        return FAILED
    if isinstance(error, OSError) and error.errno in _FULL:
        where = f" ({error.filename})" if error.filename else ""
        _say(
            f"the disk is full{where}: free some space and run again; a search goes on with "
            f"--resume."
        )
        return FAILED
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"{error.filename}: {error.strerror or error}.")
        return UNUSABLE if isinstance(error, _USERS_OWN) else FAILED
    _say(
        f"something went wrong that should not have ({type(error).__name__}: {error}); run again "
        f"with HELIID_DEBUG=1 for the details."
    )
    return FAILED


_FULL = (errno.ENOSPC, errno.EDQUOT)
_USERS_OWN = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def _say(sentence: str) -> None:
    one_line = " ".join(sentence.split())
    with contextlib.suppress(OSError):
        sys.stderr.write(f"heliid: {one_line}\n")
