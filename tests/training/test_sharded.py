"""One training over several ranks: the same bits for any number, also after a rank was lost."""

import multiprocessing
import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training import ORDER, curved_step, dataset, simulated

from heliid.errors import HeliIDError, SettingsError
from heliid.model.structure import Structure
from heliid.training import TrainingSettings, launch, train
from heliid.training.curvature import SegmentObjective
from heliid.training.fit import first_stage, make_problem
from heliid.training.levenberg import Descent
from heliid.training.ranks import (
    PIECE,
    LocalRanks,
    OneRank,
    RankLostError,
    edges,
    make_lines,
    total,
)
from heliid.training.sharded import Ledger, cut_leaves, make_sharded, train_sharded
from heliid.training.tree import Forest, nodes_of, shares, tree_sum

pytestmark = pytest.mark.slow

CURVED = Structure(ORDER.output_lags, ORDER.input_lags, 2)
SHORT = TrainingSettings(horizons_s=(0.5, 2.0, 0.0), iterations=(3, 3, 4), window_s=3.0)


def campaign(n_records=7):
    return dataset(*simulated(curved_step, n_records=n_records, n=260, noise=0.02))


def bits(fit):
    return b"".join(getattr(fit.weights, n).tobytes() for n in fit.weights.__dataclass_fields__)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 1000))
def test_any_ranks_have_the_sum_of_one(n_leaves, n_ranks, seed):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n_leaves, 3)) * 10.0 ** rng.integers(-8, 8, (n_leaves, 1))
    wanted = tree_sum(values, n_leaves)
    owned = shares(rng.integers(1, 50, n_leaves), n_ranks)
    assert [leaf for share in owned for leaf in share] == list(range(n_leaves))
    found = in_threads(n_ranks, values, owned)
    assert all(one.tobytes() == wanted.tobytes() for one in found)
    np.testing.assert_allclose(wanted, values.sum(axis=0), rtol=1e-9, atol=1e-9 * abs(values).max())


class Mail:
    """Ranks in threads that hand arrays over through queues."""

    def __init__(self, rank, size, boxes):
        self.rank, self.size, self.boxes = rank, size, boxes

    def send(self, to, values):
        self.boxes[self.rank, to].put(values.copy())

    def receive(self, source, values):
        values[:] = self.boxes[source, self.rank].get(timeout=10)


def in_threads(n_ranks, values, owned):
    import queue

    boxes = {(a, b): queue.SimpleQueue() for a in range(n_ranks) for b in range(n_ranks)}
    found = [None] * n_ranks

    def one(rank):
        forest = Forest(len(values))
        for leaf in owned[rank]:
            forest.add((0, leaf), values[leaf].copy())
        found[rank] = total(Mail(rank, n_ranks, boxes), forest, owned, len(values), 3)

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_an_aligned_share_hands_over_one_subtree():
    assert nodes_of(8, range(4, 8)) == [(2, 1)]
    assert nodes_of(7, range(4, 7)) == [(2, 1)]  # the node without a neighbour goes up
    assert len(nodes_of(50, range(7, 25))) <= 6


def test_the_ranks_form_a_tree_to_rank_0():
    assert edges(5) == [(1, 0), (2, 0), (3, 2), (4, 0)]


def test_leaves_are_consecutive_and_about_one_manoeuvre_long():
    segments = np.array([[k * 300, 300] for k in range(11)])
    leaves = cut_leaves(segments)
    np.testing.assert_array_equal(np.concatenate(leaves), segments)
    assert all(500 <= leaf[:, 1].sum() <= 1800 for leaf in leaves)


def test_one_rank_agrees_with_plain_training():
    data = campaign()
    problem = make_problem(CURVED, data, SHORT)
    spread = make_sharded(CURVED, data, SHORT, OneRank())
    theta = first_stage(problem, SHORT, 0).theta
    segments = data.segments(CURVED.n_start, 20)
    assert spread.cost(theta, segments) == pytest.approx(problem.cost(theta, segments), rel=1e-12)
    for mine, plain in zip(
        spread.normal(theta, segments), problem.normal(theta, segments), strict=True
    ):
        np.testing.assert_allclose(np.tril(mine) if mine.ndim == 2 else mine,
                                   np.tril(plain) if plain.ndim == 2 else plain,
                                   rtol=1e-4, atol=1e-5 * np.abs(plain).max())  # fmt: skip
    fits = train_sharded(CURVED, data, SHORT), train(CURVED, data, SHORT)
    assert fits[0].cost == pytest.approx(fits[1].cost, rel=1e-2)


def test_one_two_and_three_local_ranks_give_the_same_bits():
    data = campaign()
    alone = train_sharded(CURVED, data, SHORT)
    for n_ranks in (2, 3):
        fit, restarts = launch.train_local(CURVED, data, SHORT, n_ranks)
        assert restarts == 0
        assert bits(fit) == bits(alone)
        assert fit.cost == alone.cost


def test_more_ranks_than_leaves_are_no_harm():
    data = campaign(1)
    fit, _ = launch.train_local(CURVED, data, SHORT, 3)
    assert bits(fit) == bits(train_sharded(CURVED, data, SHORT))


@pytest.mark.parametrize("trainer", ["hf", "bicgstab", "adam"])
def test_other_trainers_have_the_same_bits_over_ranks_too(trainer, tmp_path):
    data = campaign(4)
    ways = replace(SHORT, trainer=trainer, iterations=(2, 2, 2))
    alone = train_sharded(CURVED, data, ways)
    fit, _ = launch.train_local(CURVED, data, ways, 2, checkpoint=tmp_path / "place")
    assert bits(fit) == bits(alone)
    again = train_sharded(CURVED, data, ways, checkpoint=tmp_path / "place")
    assert bits(again) == bits(alone)  # every stage looked up
    assert alone.cost < 1.0


def test_the_summed_hessian_is_that_of_one_process():
    data = campaign(4)
    settings = replace(SHORT, single=False)
    plain, spread = (
        make_problem(CURVED, data, settings),
        make_sharded(CURVED, data, settings, OneRank()),
    )
    theta = first_stage(plain, settings, 0).theta
    segments = data.segments(CURVED.n_start, 20)
    v = np.random.default_rng(0).standard_normal(theta.size)
    found = []
    for problem in (plain, spread):
        objective = SegmentObjective(problem, segments)
        objective.move_to(theta)
        found.append((objective.gradient(), objective.hessian(v), objective.gauss_newton(v)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_lost_rank_is_started_again_and_the_bits_stay(tmp_path):
    data = campaign()
    killed = []

    def shoot(pids):
        if not killed:
            killed.append(pids[0])
            threading.Timer(0.0, wait_and_kill, (pids[0], tmp_path / "place")).start()

    def wait_and_kill(pid, path):
        end = time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)

    slow = replace(SHORT, iterations=(6, 6, 20))
    fit, restarts = launch.train_local(
        CURVED, data, slow, 2, checkpoint=tmp_path / "place", on_start=shoot
    )
    assert restarts == 1
    assert bits(fit) == bits(train_sharded(CURVED, data, slow))


def test_a_training_goes_on_from_any_iteration_bit_for_bit(tmp_path):
    data, path = campaign(3), tmp_path / "place"
    whole = train_sharded(CURVED, data, SHORT)
    for stop_after in (2, 5, 8):
        path.unlink(missing_ok=True)
        asked = []
        train_sharded(
            CURVED, data, SHORT, checkpoint=path,
            should_stop=lambda asked=asked, n=stop_after: asked.append(1) or len(asked) > n,
        )  # fmt: skip
        assert path.exists()
        # what was stopped on purpose counts as finished; drop it to have the place before it
        kept = Ledger(path, "")
        kept.fingerprint = eval_fingerprint(path)
        kept.load()
        assert kept.present is not None
        assert bits(train_sharded(CURVED, data, SHORT, checkpoint=path)) == bits(whole)


def eval_fingerprint(path):
    import json

    return json.loads(path.read_text())["fingerprint"]


def test_a_finished_descent_is_not_repeated():
    ledger = Ledger(None, "x", [Descent(np.ones(2), 0.5, 1e-3, 4)])
    found = ledger.descend(None, np.zeros(2), np.zeros((0, 2)), iterations=9)  # type: ignore[arg-type]
    assert found.cost == 0.5


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    data, path = campaign(2), tmp_path / "place"
    train_sharded(CURVED, data, SHORT, checkpoint=path)
    with pytest.raises(SettingsError, match="belongs to other records"):
        train_sharded(CURVED, data, replace(SHORT, ridge=1.0), checkpoint=path)
    path.write_text("{")
    with pytest.raises(SettingsError, match="is damaged"):
        train_sharded(CURVED, data, SHORT, checkpoint=path)


def test_a_silent_line_is_a_lost_rank():
    above, below = two_ends()
    below.close()
    ranks = LocalRanks(0, 2, {1: above})
    with pytest.raises(RankLostError, match="Rank 1 of 2 has ended"):
        ranks.receive(1, np.empty(3))
    with pytest.raises(RankLostError, match="Rank 1 of 2 has ended"):
        ranks.send(1, np.empty(3))


def two_ends():
    ends = make_lines(multiprocessing.get_context("spawn"), 2)
    return ends[0][1], ends[1][0]


def test_a_line_carries_more_than_its_memory_holds_and_both_ways_at_once():
    above, below = two_ends()
    rng = np.random.default_rng(0)
    big, small = rng.standard_normal(2 * PIECE + 5), rng.standard_normal(7)
    found = np.empty_like(big), np.empty_like(small), np.empty_like(small)

    def other():
        below.send(small)
        below.receive(found[0])
        below.send(small + 1)

    thread = threading.Thread(target=other)
    thread.start()
    above.send(big)
    above.receive(found[1])
    above.receive(found[2])
    thread.join(10)
    for one, wanted in zip(found, (big, small, small + 1), strict=True):
        np.testing.assert_array_equal(one, wanted)


def test_a_sender_does_not_wait_for_the_other_end():
    above, below = two_ends()
    above.send(np.arange(300.0 * 300.0))  # nobody receives yet, and more than a pipe holds
    found = np.empty(300 * 300)
    below.receive(found)
    assert found[-1] == 300.0 * 300.0 - 1.0


def test_what_several_ranks_cannot_do_is_said():
    with pytest.raises(SettingsError, match="without risk"):
        train_sharded(CURVED, campaign(1), replace(SHORT, risk_weight=1.0))
    with pytest.raises(HeliIDError, match="choose from 1 to"):
        launch.train_local(CURVED, campaign(1), SHORT, 0)


def test_a_job_survives_its_files(tmp_path):
    data = campaign(2)
    launch.write_job(tmp_path / "job.npz", CURVED, data, SHORT, 3)
    structure, again, ways, table = launch.read_job(tmp_path / "job.npz")
    assert (structure, ways, table) == (CURVED, SHORT, 3)
    assert again.y_all.tobytes() == data.y_all.tobytes()
    fit = train_sharded(CURVED, data, SHORT)
    launch.write_result(tmp_path / "result.json", fit)
    assert bits(launch.read_result(tmp_path / "result.json", CURVED)) == bits(fit)


@pytest.fixture
def mpi(monkeypatch):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'heliid[mpi]'")
    if shutil.which("mpiexec") is None:
        pytest.skip("mpiexec is not installed: install Open MPI or MPICH")
    for name, value in {
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


@pytest.mark.slow
@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_mpi_ranks_give_the_bits_of_one_process(mpi, tmp_path, n_ranks):
    data = campaign()
    fit, restarts = launch.train_mpi(CURVED, data, SHORT, n_ranks, folder=tmp_path)
    assert restarts == 0
    assert bits(fit) == bits(train_sharded(CURVED, data, SHORT))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="ranks are found through /proc")
def test_a_killed_mpi_rank_is_started_again_and_the_bits_stay(mpi, tmp_path):
    data, slow = campaign(), replace(SHORT, iterations=(6, 6, 20))
    killed = []

    def shoot():
        end = time.monotonic() + 60
        while not (tmp_path / launch.CHECKPOINT).exists() and time.monotonic() < end:
            time.sleep(0.001)
        killed.append(ranks_of(tmp_path)[-1])
        os.kill(killed[0], signal.SIGKILL)

    shooter = threading.Thread(target=shoot)
    shooter.start()
    fit, restarts = launch.train_mpi(CURVED, data, slow, 2, folder=tmp_path)
    shooter.join()
    assert len(killed) == 1
    assert restarts == 1
    assert bits(fit) == bits(train_sharded(CURVED, data, slow))


def ranks_of(folder):
    """Process numbers of the MPI ranks at work on the job in a folder."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().split(b"\0")
        except OSError:
            continue
        is_rank = b"heliid.training.launch" in words and b"mpiexec" not in words[0]
        if is_rank and str(folder).encode() in words:
            found.append(int(one.parent.name))
    return sorted(found)


@pytest.mark.slow
def test_a_job_that_mpi_ranks_refuse_is_said_in_one_sentence(mpi, tmp_path):
    with pytest.raises(HeliIDError, match="without risk"):
        launch.train_mpi(CURVED, campaign(1), replace(SHORT, risk_weight=1.0), 2, folder=tmp_path)


def test_missing_mpi_is_one_sentence(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(HeliIDError, match="needs the program mpiexec"):
        launch.train_mpi(CURVED, campaign(1), SHORT, 2)
