"""Ternary terms per group: the best of their kind, and the C that switches them while it runs."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from heliid.data.bundled import load_example
from heliid.data.campaign import Use
from heliid.errors import ExportError
from heliid.export.bits import flown_cases, ternary_term
from heliid.export.fixed_source import fixed_point_written
from heliid.export.fmu import find_compiler
from heliid.export.grouped import (
    Grouping,
    cluster_rows,
    group_terms,
    make_grouped,
    matrices,
    most_sensitive,
    run_grouped,
)
from heliid.export.grouped_refit import _Knobs, key_of, refit
from heliid.export.grouped_source import grouped_files, grouped_written
from heliid.export.portable import make_portable
from heliid.export.verify import make_cases
from heliid.search.encoding import structure_from_text
from heliid.sharpness import model_objective
from heliid.study import StudyConfig
from heliid.study.ground import make_ground
from heliid.training import train
from tests.export.export_models import random_model

pytestmark = pytest.mark.slow

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


def test_a_group_has_the_best_threshold_and_scale():
    row = np.random.default_rng(0).normal(size=(1, 20))
    terms = group_terms(row, "linear", 0, [0], Grouping(group=8))
    assert [term.first for term in terms] == [0, 8, 16]
    for term in terms:
        values = row[0, term.first : term.first + 8]
        np.testing.assert_allclose(term.scale * term.signs, ternary_term(values))


@pytest.mark.parametrize("group", [4, 16, 64])
def test_smaller_groups_lose_less(group):
    matrix = np.random.default_rng(1).normal(size=(5, 64))

    def left(size):
        rest = matrix.copy()
        for term in group_terms(matrix, "linear", 0, range(5), Grouping(group=size)):
            rest[term.row, term.first : term.first + term.signs.size] -= term.scale * term.signs
        return (rest**2).sum()

    assert left(4) <= left(group) + 1e-12


def test_rows_of_like_size_share_their_scales():
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(6, 8)) * np.array([1, 100, 1.1, 95, 0.9, 105])[:, None]
    assert sorted(map(sorted, cluster_rows(matrix, range(6), 2))) == [[0, 2, 4], [1, 3, 5]]
    terms = group_terms(matrix, "linear", 0, range(6), Grouping(group=8, clusters=2))
    assert len({term.scale for term in terms}) == 2


def test_the_most_sensitive_row_is_the_one_whose_error_hurts():
    portable = make_portable(random_model(9))
    exact = matrices(portable)
    left = {kind: np.zeros_like(one) for kind, one in exact.items()}
    left["linear"][-1] = 0.2 * exact["linear"][-1]
    found = most_sensitive(portable, exact, left, flown_cases(portable, ()), 1e-9)
    assert found == [("linear", len(exact["linear"]) - 1)]


def test_levels_add_terms_and_come_nearer_to_the_weights():
    portable = make_portable(random_model(9))
    grouped = make_grouped(portable, Grouping(group=8, levels=3, share=1.0))
    exact = portable.model.weights
    errors = [
        np.abs(grouped.real(level).weights.linear - exact.linear).max()
        for level in range(grouped.top + 1)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2 * errors[0]
    work = [grouped.multiplications(level) for level in range(grouped.top + 1)]
    assert work == sorted(work)
    assert grouped.bits(0) < grouped.bits(3)


def test_with_many_levels_the_free_run_comes_back():
    portable = make_portable(random_model(9))
    grouped = make_grouped(portable, Grouping(group=4, levels=4, share=1.0))
    case = make_cases(portable)[0]
    std = np.array([c.std for c in portable.outputs])

    def off(level):
        difference = (run_grouped(grouped, case, level)[0] - case.y) / std
        return float(np.sqrt(np.mean(np.minimum(difference**2, 100.0))))

    assert off(4) < 0.3 * max(off(0), 1e-6)


def test_what_cannot_be_grouped_is_refused():
    for wrong in ({"group": 3}, {"group": 65}, {"bits": 5}, {"levels": 9}, {"share": 0.0}):
        with pytest.raises(ExportError, match="cannot be made"):
            Grouping(**wrong)


@needs_compiler
@pytest.mark.parametrize("bits", [16, 8, 4])
@pytest.mark.parametrize("seed", [9, 4])
def test_the_compiled_code_has_the_bits_of_the_emulation(tmp_path, seed, bits):
    portable = make_portable(random_model(seed))
    written = grouped_written(portable, Grouping(group=8, clusters=2, bits=bits), ())
    for name, text in written.files.items():
        (tmp_path / name).write_text(text)
    verdict = written.check(tmp_path)
    assert verdict.ok, verdict.sentence
    assert verdict.max_error <= 1e-12


@needs_compiler
@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_int8_and_int4_are_compiled_and_run(tmp_path, kind):
    portable = make_portable(random_model(9))
    written = fixed_point_written(portable, kind, ())
    for name, text in written.files.items():
        (tmp_path / name).write_text(text)
    verdict = written.check(tmp_path)
    assert verdict.ok, verdict.sentence


SWITCHING = """\
#include "@FILE.h"
#include <stdio.h>
int main(int argc, char **argv) {
  static @NAME_state s;
  FILE *in = fopen(argv[argc - 1], "rb");
  double u[@BIG_N_INPUTS], y[@BIG_N_OUTPUTS], start[@BIG_N_START * @BIG_N_OUTPUTS];
  double given[@BIG_N_START * @BIG_N_INPUTS], level;
  if (in == NULL || fread(given, sizeof(given), 1, in) != 1) return 2;
  if (fread(start, sizeof(start), 1, in) != 1) return 2;
  @NAME_init(&s);
  @NAME_start(&s, given, start);
  while (fread(&level, sizeof(level), 1, in) == 1 && fread(u, sizeof(u), 1, in) == 1) {
    unsigned j;
    (void)@NAME_set_level(&s, (int32_t)level);
    (void)@NAME_step(&s, u, y);
    for (j = 0; j < @BIG_N_OUTPUTS; ++j) printf("%.17g\\n", y[j]);
  }
  return 0;
}
"""


@needs_compiler
def test_the_compiled_code_goes_up_and_down_without_a_restart(tmp_path):
    portable = make_portable(random_model(9))
    grouped = make_grouped(portable, Grouping(group=8, levels=2))
    for name, text in grouped_files(grouped).items():
        (tmp_path / name).write_text(text)
    main = SWITCHING.replace("@FILE", portable.file).replace("@NAME", portable.name)
    (tmp_path / "main.c").write_text(main.replace("@BIG", portable.name.upper()))
    program = tmp_path / "run"
    subprocess.run(
        [find_compiler(), "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}",
         str(tmp_path / "main.c"), str(tmp_path / f"{portable.file}.c"), "-o", str(program)],
        check=True,
    )  # fmt: skip
    case, n = make_cases(portable)[0], portable.n_start
    levels = np.array([2] * 10 + [0] * 15 + [1] * 15 + [2] * len(case.u))[: len(case.u) - n]
    given = tmp_path / "given"
    with given.open("wb") as file:
        np.ascontiguousarray(case.u[:n]).tofile(file)
        np.ascontiguousarray(case.y[:n]).tofile(file)
        for level, u in zip(levels.astype(float), case.u[n:], strict=True):
            np.array([level]).tofile(file)
            np.ascontiguousarray(u).tofile(file)
    done = subprocess.run([program, given], capture_output=True, text=True, check=True)
    y = np.array(done.stdout.split(), dtype=float).reshape(-1, len(portable.outputs))
    own = make_cases(portable)[0]
    assert own.u_trim.tolist() == [c.trim for c in portable.inputs]
    full = np.concatenate([np.full(n, 2), levels])
    wanted = run_grouped(grouped, case, full)[0]
    np.testing.assert_array_equal(y, wanted[n:])
    always = run_grouped(grouped, case, 2)[0]
    assert not np.array_equal(wanted, always)


@pytest.fixture(scope="module")
def trained():
    ground = make_ground(load_example("truth"), StudyConfig(rate_hz=10.0))
    order = structure_from_text("na=1,nb=3,nk=0,spacing=2,h=1", 2, 4)
    fit = train(order, ground.train, ground.settings.training)
    model = ground.model(order, fit.weights)
    return make_portable(model), ground.campaign.with_use(Use.TRAIN)


def test_a_refit_lowers_the_error_on_the_records_it_saw(trained):
    portable, records = trained
    grouped = make_grouped(portable, Grouping(group=16, levels=1), records[:1])
    better = refit(grouped, records)
    loss = [error_of(one, portable, records) for one in (grouped, better)]
    assert loss[1] < 0.9 * loss[0]
    assert len(better.terms) <= len(grouped.terms)
    signs = {(t.kind, t.level, t.row, t.first): t.signs for t in grouped.terms}
    for term in better.terms:
        before = signs[term.kind, term.level, term.row, term.first]
        assert np.array_equal(np.abs(term.signs), np.abs(before))


def error_of(grouped, portable, records):
    """Squared error of 2 s windows in standard deviations, the measure that a refit lowers."""
    return flatness_loss(grouped.real(grouped.top), records)


def flatness_loss(model, records):
    objective, theta = model_objective(model, records, 2.0)
    return 2.0 * objective.move_to(theta)


def test_the_slope_of_the_knobs_is_that_of_the_cost(trained):
    portable, records = trained
    grouped = make_grouped(portable, Grouping(group=8, levels=1, share=1.0), records[:1])
    knobs = _Knobs(grouped, tuple(sorted({key_of(term) for term in grouped.terms})))
    objective, _ = model_objective(portable.model, records[:1], 0.5)

    def cost(x):
        weights = knobs.turned(x).real(grouped.top).weights
        data = objective.problem.dataset
        return objective.move_to(objective.problem.layout.join(weights, data.increment_std))

    x = knobs.start
    assert np.isfinite(cost(x))
    slope = knobs.slope(objective.plain_gradient())
    v = np.random.default_rng(0).standard_normal(x.size)
    eps = 1e-6
    assert slope @ v == pytest.approx((cost(x + eps * v) - cost(x - eps * v)) / (2 * eps), rel=1e-4)


def test_a_refit_without_records_is_refused(trained):
    with pytest.raises(ExportError, match="needs the training records"):
        refit(make_grouped(trained[0], Grouping(levels=0)), ())


@needs_compiler
def test_every_choice_of_ternary_code_can_be_made(tmp_path, trained):
    from heliid.export.targets import export

    portable, records = trained
    done = export(
        portable.model, "c", tmp_path / "one.c", type="ternary", group="4", clusters="3",
        activations="8", levels="4", refit="yes", records=records[:1], training=records[:2],
    )  # fmt: skip
    assert done.verified.ok, done.verified.sentence
    text = (tmp_path / "one.h").read_text()
    assert "group of 4, 8-bit activations" in text
    assert len(done.notes) == 5


def test_ternary_choices_are_for_ternary_code_only(tmp_path, trained):
    from heliid.export.targets import export

    with pytest.raises(ExportError, match="is for type ternary only"):
        export(trained[0].model, "c", tmp_path / "one.c", type="int8", group="4")
    with pytest.raises(ExportError, match="needs the training records"):
        export(trained[0].model, "c", tmp_path / "one.c", type="ternary", refit="yes")


def test_the_study_has_a_refit_where_there_are_training_records(trained):
    from heliid.export.low_bit import study_bits

    study = study_bits(trained[0].model, trained[1][:1], trained[1][:1])
    names = [row.name for row in study.rows]
    assert "ternary per 8, refitted" in names
    assert "ternary per 4, 3 clusters of rows, level 2" in names
    assert study.choice in ("int8", "int16")
    assert f"Use {study.choice}" in study.recommendation or study.choice == "int16"


def test_a_preview_does_without_the_refit(trained):
    from heliid.export.targets import preview

    text = preview(trained[0].model, "c", type="ternary", refit="yes")
    assert "set_level" in text
