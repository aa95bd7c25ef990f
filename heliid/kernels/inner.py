"""How kernels are compiled that only other kernels call.

They are not given the code by which Python calls a compiled function, which unpacks every array
and takes a fifth of the compiler's time. Python must never call them.
"""

from __future__ import annotations

from numba import njit

inner = njit(
    cache=True, nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""Decorator of kernels for kernels."""
