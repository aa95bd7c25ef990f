"""Compiled loops: arrays in, arrays out."""

from heliid.kernel_cache import use_private_cache

use_private_cache()  # before any module in here imports numba
