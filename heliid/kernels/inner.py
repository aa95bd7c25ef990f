"""How kernels are compiled that only other kernels call.

They are not given the code by which Python calls a compiled function, which unpacks every array
and takes a fifth of the compiler's time. Python must never call them.
"""

from __future__ import annotations

from typing import Any

from numba import njit

# options of numba's that its type hints do not list
_BARE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

inner = njit(cache=True, nogil=True, error_model="numpy", **_BARE)
"""Decorator of kernels for kernels."""
