"""Row 22: every shipped example with floating-point errors raised instead of passed over.

Each example is searched, refitted and judged in a process of its own, once with numpy's errors
raised, and once more with the processor's own traps on during every call of a compiled kernel
(invalid, divided by zero, overflow), so that a kernel that makes a NaN or an infinity ends the
process at once. JSBSim tests its scripts that way; scipy's own splines divide zero by zero and look
away, so the traps cannot stay on all the time.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

from benchmarks.torture.files import ROOT

BUDGET, BUDGET_RELEASE = 6, 60
CODE = "import sys; from benchmarks.torture.examples import one; one(*sys.argv[1:])"
ERRORS = 1 | 4 | 8  # FE_INVALID, FE_DIVBYZERO, FE_OVERFLOW in the fenv.h of x86-64


def trapped_examples(release: bool) -> str:
    """Row 22: all bundled examples, from their files to the judgement."""
    from heliid.data.bundled import examples

    budget = BUDGET_RELEASE if release else BUDGET
    tried = []
    for example in examples():
        for how in ("raised", "trapped"):
            done = subprocess.run(
                [sys.executable, "-c", CODE, example.key, str(budget), how],
                cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600,
            )  # fmt: skip
            assert done.returncode == 0, (
                f"{example.key}, {how}: status {done.returncode} {done.stderr[-1500:]}"
            )
            tried.append(done.stdout.strip())
    return f"{len(tried)} runs, no floating-point error: {'; '.join(tried)}"


def one(key: str, budget: str, how: str) -> None:
    """One example in this process."""
    import numpy as np

    from heliid.data import bundled
    from heliid.study import OrderBox, StudyConfig, identify
    from heliid.study.judgement import judge_study

    campaign = bundled.load_example(key)
    config = StudyConfig(
        budget=int(budget), workers=1, n_tables=2, n_ensemble=2,
        box=OrderBox(na_max=3, nb_max=4, nk_max=2, spacing_max=3, hidden_max=3),
    )  # fmt: skip
    if how == "trapped":
        identify(campaign, config)  # compile every form that is wanted, untrapped
        n_kernels = _trap_kernels()
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        result = identify(campaign, config)
        judge_study(result, with_test=True)
    if how == "trapped":
        assert Trapped.n_calls > 1000, "no kernel was called under traps"
        how = f"trapped ({n_kernels} kernels, {Trapped.n_calls} calls)"
    sys.stdout.write(f"{key} {how} {len(result.candidates)} orders, cost {result.cost:.4f}\n")


class Trapped:
    """A compiled kernel during whose calls the processor's traps are on."""

    n_calls = 0
    libm = ctypes.CDLL("libm.so.6")

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel

    def __call__(self, *values: Any) -> Any:
        """As the kernel; SIGFPE at the first invalid, divided by zero or overflow."""
        Trapped.n_calls += 1
        self.libm.feclearexcept(ERRORS)
        self.libm.feenableexcept(ERRORS)
        try:
            return self._kernel(*values)
        finally:
            self.libm.fedisableexcept(ERRORS)
            self.libm.feclearexcept(ERRORS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)


def _trap_kernels() -> int:
    """Every compiled kernel that Python calls runs under traps from now on; how many there are."""
    import faulthandler

    from numba.core.registry import CPUDispatcher

    faulthandler.enable()
    wrapped: dict[int, Trapped] = {}
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] != "heliid":
            continue
        for word, value in list(vars(module).items()):
            if isinstance(value, CPUDispatcher):
                setattr(module, word, wrapped.setdefault(id(value), Trapped(value)))
    return len(wrapped)


ROWS = {22: ("Examples with floating-point errors raised", trapped_examples)}
