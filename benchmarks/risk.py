"""Does training and searching for CVaR help the worst manoeuvre? ``python -m benchmarks.risk``.

Ten seeds on three sets with a small budget: default cost against mean + CVaR. Printed: the worst
held-out manoeuvre (whole-record NRMSE, mean of outputs, largest of validation and test records),
the mean over them, and the CVaR of the windows that trained. ``--write`` makes ``docs/risk.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import wilcoxon

from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid.study import OrderBox, StudyConfig, identify
from heliid.tails import tails

PAGE = Path(__file__).resolve().parents[1] / "docs/risk.md"
SETS = ("truth", "aw109_sim", "quarter_drone")
LEVEL = 0.8
WEIGHT = 1.0
BOX = OrderBox(na_max=3, nb_max=4, nk_max=2, spacing_max=2, hidden_max=3)


def one(key: str, seed: int, weight: float, budget: int) -> tuple[float, float, float, float]:
    """Worst and mean held-out manoeuvre, CVaR and mean of the training windows."""
    campaign = load_example(key)
    config = StudyConfig(
        rate_hz=10.0, budget=budget, seed=seed, workers=1, box=BOX, n_tables=1, n_ensemble=1,
        finer_rate=False, risk_weight=weight, risk_alpha=LEVEL,
    )  # fmt: skip
    model = identify(campaign, config).model
    held = (*campaign.with_use(Use.VALIDATE), *campaign.with_use(Use.TEST))
    errors = tails(model, held, windows_s=(0.0,), levels=(LEVEL,))[0].errors
    trained = tails(model, campaign.with_use(Use.TRAIN), windows_s=(5.0,), levels=(LEVEL,))[0]
    return float(errors[-1]), float(errors.mean()), trained.cvar[0], float(trained.errors.mean())


HEAD = f"""\
# Risk: mean + CVaR as the aim

Made by `python -m benchmarks.risk --write`; do not edit by hand.

`--risk LAMBDA --risk-level ALPHA` minimises mean + LAMBDA CVaR in training (squared errors of the
segments) and in the cost of an order (errors of restarted windows and whole manoeuvres). CVaR is
the mean of the worst 1 - ALPHA (Rockafellar and Uryasev 2000). `heliid score --tails` shows value
at risk and CVaR of any model. The default is 0: plain least squares.

Below: LAMBDA = {WEIGHT:g}, ALPHA = {LEVEL:g}, the same seeds with and without. Held-out manoeuvres
are the validation and test records; test records are scored for this question only.

"""


def main() -> None:
    """Print the table, write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=6)
    parser.add_argument("--write", action="store_true", help="write docs/risk.md")
    options = parser.parse_args()
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    names = ("worst held-out manoeuvre", "mean held-out manoeuvre",
             "CVaR of training windows of 5 s", "mean of training windows of 5 s")  # fmt: skip
    say(f"{options.seeds} seeds, budget {options.budget}, medians; p by Wilcoxon's signed ranks.\n")
    say("| data | error (NRMSE) | plain | with risk | seeds better with risk | p |")
    say("|---|---|---|---|---|---|")
    for key in SETS:
        rows = []
        for seed in range(1, options.seeds + 1):
            try:
                rows.append([one(key, seed, w, options.budget) for w in (0.0, WEIGHT)])
            except HeliIDError as problem:
                say(f"\n{key}, seed {seed}: {problem}\n")
        found = np.array(rows)  # (seeds, 2, 4)
        for k, name in enumerate(names):
            plain, risky = found[:, 0, k], found[:, 1, k]
            differs = np.any(plain != risky)
            chance = wilcoxon(plain, risky).pvalue if differs else 1.0
            say(f"| {key} | {name} | {np.median(plain):.4f} | {np.median(risky):.4f} | "
                f"{np.sum(risky < plain)} of {len(plain)} | {chance:.3f} |")  # fmt: skip
    if options.write:
        PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
