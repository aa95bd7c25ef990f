"""Calling a named function and wording what went wrong; light, so that workers start fast."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any, NamedTuple

_MAX_REASON = 300


class Outcome(NamedTuple):
    """What came of one call, as plain data."""

    status: str  # "ok" or "error"
    value: Any
    reason: str
    cpu_s: float


class _StopHook:
    """Where a task that runs in the caller's own process may ask whether to give up."""

    should_stop: Callable[[], bool] | None = None


def stop_requested() -> bool:
    """Whether the present task's result is no longer wanted; tasks may ask this now and then.

    True only where a task runs in the process of its caller (``SerialEngine``), since a worker
    process is simply ended.
    """
    hook = _StopHook.should_stop
    return hook is not None and hook()


def listen_to(should_stop: Callable[[], bool] | None) -> None:
    """Set what ``stop_requested`` asks; None for nothing."""
    _StopHook.should_stop = should_stop


def resolve(name: str) -> Callable[..., Any]:
    """The function called ``"package.module:function"``."""
    module, colon, function = name.partition(":")
    if not colon or module == "__main__":
        raise TypeError(f"A task is named 'package.module:function', found {name!r}.")
    return getattr(importlib.import_module(module), function)


def call(fn: str, args: tuple[Any, ...]) -> Outcome:
    """The outcome of ``fn(*args)``; only ``KeyboardInterrupt`` gets through."""
    start = time.process_time()
    try:
        value = resolve(fn)(*args)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome("error", None, one_line(error), time.process_time() - start)
    return Outcome("ok", value, "", time.process_time() - start)


def one_line(error: BaseException) -> str:
    """Kind and message of an error in one bounded line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # a broken __str__ must not hide the error itself
        text = ""
    kind = type(error).__name__
    return f"{kind}: {text}"[:_MAX_REASON] if text else kind
