"""The stored lattices, the replays on them, and the pages that are made of figures."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import as355, lattice, lattice_tables, peers_page, peers_search

STORED = sorted(lattice_tables.TABLES.glob("lattice_*.csv"))


def small_table(costs=None):
    encoding = lattice_tables.lattice_encoding(2, 4, na_max=1)
    genomes = lattice_tables.all_genomes(encoding)
    costs = [0.5 + 0.001 * k for k in range(len(genomes))] if costs is None else costs
    about = {"case": "made up", "inputs": 2, "outputs": 4, "na_max": 1, "rate_hz": 10.0,
             "samples": 7, "engine": "none", "cpu_s": 1}  # fmt: skip
    return encoding, genomes, lattice_tables.table_text(encoding, about, [costs])


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_table_covers_its_box(path):
    landscape = lattice_tables.load(path)
    assert list(landscape.costs) == lattice_tables.all_genomes(landscape.encoding)
    assert 0.0 < landscape.optimum < 1.0
    assert landscape.share_within(math.inf) == 1.0


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_searchers_beat_chance_on_a_stored_table(path):
    landscape = lattice_tables.load(path)
    found = {
        name: [lattice.replay(landscape, name, seed, 150).trace[-1] for seed in range(6)]
        for name in ("ais", "abc", "pso", "random")
    }
    for name in ("ais", "abc", "pso"):
        assert np.mean(found[name]) < np.mean(found["random"])


def test_a_table_reads_back(tmp_path):
    _, genomes, text = small_table()
    path = tmp_path / "lattice_made_up.csv"
    path.write_text(text)
    landscape = lattice_tables.load(path)
    assert landscape.name == "made_up"
    assert landscape.dt == pytest.approx(0.1)
    assert landscape.costs[genomes[5]] == pytest.approx(0.505)
    assert len(genomes) == 792


def test_lost_orders_cost_infinity_and_another_box_is_refused(tmp_path):
    _, genomes, text = small_table([math.nan, *[0.5] * 791])
    path = tmp_path / "lattice_x.csv"
    path.write_text(text)
    assert lattice_tables.load(path).costs[genomes[0]] == math.inf
    path.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    with pytest.raises(SystemExit, match="make it again"):
        lattice_tables.load(path)


def test_a_replicate_may_cover_some_orders_only_and_their_costs_are_compared(tmp_path):
    encoding, genomes, _ = small_table()
    chosen = lattice_tables.drawn(len(genomes), 30)
    assert chosen == lattice_tables.drawn(len(genomes), 30)
    assert len(set(chosen)) == 30
    assert lattice_tables.drawn(5, 0) == [0, 1, 2, 3, 4]
    first = [0.5 + 0.001 * k for k in range(len(genomes))]
    second = [2 * cost if k in chosen else math.nan for k, cost in enumerate(first)]
    about = {"inputs": 2, "outputs": 4, "na_max": 1, "rate_hz": 10.0, "samples": 7,
             "engine": "none", "cpu_s": 1}  # fmt: skip
    path = tmp_path / "lattice_y.csv"
    path.write_text(lattice_tables.table_text(encoding, about, [first, second]))
    landscape = lattice_tables.load(path)
    assert list(landscape.replicates[0]) == [genomes[k] for k in chosen]
    assert lattice.replicate_correlation(landscape) == pytest.approx(1.0)


def test_a_journal_goes_on_and_begins_anew_for_another_engine(tmp_path):
    path = tmp_path / "journal.txt"
    one = lattice_tables.Journal(path, {"engine": "a"})
    one.put(0, 0.25, 1.5)
    one.put(1, math.inf, 0.5)
    again = lattice_tables.Journal(path, {"engine": "a"})
    assert again.costs == {0: 0.25, 1: math.inf}
    assert again.cpu_s == 2.0
    assert lattice_tables.Journal(path, {"engine": "b"}).costs == {}


def test_replays_count_unique_orders_and_find_the_best_of_a_smooth_lattice():
    landscape = lattice.synthetic(0)
    smooth = {genome: 1.0 + sum(genome) for genome in landscape.costs}
    run = lattice.replay(replace(landscape, costs=smooth), "ais", 1, 120)
    assert len(run.trace) == 120
    assert list(run.trace) == sorted(run.trace, reverse=True)
    assert run.trace[-1] == min(smooth.values())
    assert lattice.success([run], min(smooth.values()), 0.1, 120) == 1.0


def test_the_peers_see_the_costs_that_the_encoding_means(tmp_path):
    encoding, genomes, text = small_table()
    path = tmp_path / "lattice_x.csv"
    path.write_text(text)
    table = peers_search.Table(path, 10_000)
    place = {genome: k for k, genome in enumerate(genomes)}
    rng = np.random.default_rng(1)
    for _ in range(300):
        genome = tuple(int(rng.integers(low, high + 1)) for low, high in table.box)
        cost = 0.5 + 0.001 * place[encoding.canonical(genome)]
        assert table(genome) == pytest.approx(cost)
    assert len(table.trace) == len(table.seen) < 300


def test_the_second_helicopter_has_the_published_modes():
    def slope(x):
        return np.array(as355.rates_of_change(x, 0.0, 0.0, as355.USUAL))

    step = 1e-6 * np.eye(8)
    matrix = np.array([(slope(e) - slope(-e)) / 2e-6 for e in step]).T
    modes = np.linalg.eigvals(matrix)
    for wanted in (-1.20 + 0.96j, -0.023 + 0.148j):
        assert np.min(np.abs(modes - wanted)) < 0.02


def page_case(ours, peer):
    rows = {
        "heliid-search": [{"fit": {"test": ours}, "cpu_s": 9.0, "lost": 0}],
        "heliid-order": [{"fit": {"test": ours - 5}, "cpu_s": 0.5, "lost": 0}],
        "jax": [{"fit": {"test": peer}, "cpu_s": 5.0, "lost": 1}],
        "frols": "no such package",
    }
    about = {"title": "T", "rate_hz": 10.0, "samples": 5, "outputs": ["q"]}
    return {"fits": {"t": {"about": about, "rows": rows}}}


def test_the_page_says_who_is_ahead_and_who_did_not_run():
    assert "ahead of the best peer, jax-sysid" in peers_page.page(page_case(90.0, 80.0))
    lost = peers_page.page(page_case(70.0, 80.0))
    assert "10.0 points **behind** the best peer" in lost
    assert "did not run: no such package" in lost
    assert "takes 0.10 of jax-sysid's CPU" in lost


def test_the_page_says_which_search_is_ahead():
    good, bad = [[1.0] * 4] * 4, [[2.0] * 4] * 4
    runs = {"ais": bad, "abc": good, "pso": good, "optuna-tpe": good, "random": bad}
    kept = {"searches": {"x": {"optimum": 1.0, "runs": runs, "ms": dict.fromkeys(runs, 1.0)}}}
    text = peers_page.page(kept)
    assert "Optuna TPE is ahead of HeliID AIS there." in text
    assert "ahead of HeliID ABC" not in text
