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
SETS = ("truth", "quarter_drone", "trex550")
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

Tables made by `python -m benchmarks.risk --write`; do not edit them by hand.

`--risk LAMBDA --risk-level ALPHA` minimises mean + LAMBDA CVaR in training (squared errors of the
segments) and in the cost of an order (errors of restarted windows and whole manoeuvres). CVaR is
the mean of the worst 1 - ALPHA (Rockafellar and Uryasev 2000). `heliid score --tails` shows value
at risk and CVaR of any model. The default is 0: plain least squares.

Below: LAMBDA = {WEIGHT:g}, ALPHA = {LEVEL:g}, a small box, the same seeds with and without.
Held-out manoeuvres are the validation and test records; test records are scored for this question
only.
The figures are medians over seeds; p by Wilcoxon's signed ranks.
"""


NAMES = ("worst held-out manoeuvre", "mean held-out manoeuvre",
         "CVaR of training windows of 5 s", "mean of training windows of 5 s")  # fmt: skip


def table(key: str, seeds: int, budget: int) -> str:
    """One set: medians with and without, and in how many seeds risk did better."""
    rows = []
    for seed in range(1, seeds + 1):
        try:
            rows.append([one(key, seed, w, budget) for w in (0.0, WEIGHT)])
        except HeliIDError as problem:
            print(f"{key}, seed {seed}: {problem}")
    found = np.array(rows)  # (seeds, 2, 4)
    lines = [f"## {key}: {len(rows)} seeds, budget {budget}\n",
             "| error (NRMSE) | plain | with risk | seeds better with risk | p |",
             "|---|---|---|---|---|"]  # fmt: skip
    for k, name in enumerate(NAMES):
        plain, risky = found[:, 0, k], found[:, 1, k]
        chance = wilcoxon(plain, risky).pvalue if np.any(plain != risky) else 1.0
        lines.append(
            f"| {name} | {np.median(plain):.4f} | {np.median(risky):.4f} | "
            f"{np.sum(risky < plain)} of {len(plain)} | {chance:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the tables; keep each in the page as it comes, if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="into docs/risk.md")
    options = parser.parse_args()
    for key in options.sets:
        text = table(key, options.seeds, options.budget)
        print(text, flush=True)
        if options.write:
            put(key, text)


def put(key: str, text: str) -> None:
    """Replace the table of one set in the page, or add it at the end."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
    begin, end = f"\n<!-- {key} -->\n", f"\n<!-- end {key} -->\n"
    if begin in page:
        head, _, rest = page.partition(begin)
        page = head + begin + text + end + rest.partition(end)[2]
    else:
        page += begin + text + end
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
