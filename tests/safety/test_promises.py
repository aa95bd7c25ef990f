"""Small, fast versions of the trials in ``benchmarks/torture``; docs/safety.md has the others."""

from __future__ import annotations

import ast
import contextlib
import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.torture import machine, tables, tasks
from benchmarks.torture.numbers import random_structure
from benchmarks.torture.searches import _bits, _search
from heliid.engine.local import LocalEngine
from heliid.engine.serial import SerialEngine
from heliid.events import CandidateScored
from heliid.study import identify
from heliid.study.ground import make_ground
from heliid.training.fit import TrainingSettings, make_problem
from heliid.training.levenberg import descend

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parents[2] / "heliid"
GUI = Path(__file__).parents[2] / "gui"
BANNED_CALLS = {
    "eval", "exec", "numpy.random.rand", "np.random.rand", "np.random.normal", "np.random.seed",
    "yaml.load", "torch.load", "pickle.load", "cloudpickle.loads", "marshal.loads", "shelve.open",
}  # fmt: skip
# between processes of our own only
PICKLE_ALLOWED = {
    "local.py", "worker.py", "executor.py", "apart.py", "helper.py", "kernel_cache.py",
}  # fmt: skip


def test_malformed_tables_are_answered_in_one_sentence(tmp_path):
    rng = random.Random(1)
    for kind, name, data, _ in rng.sample(list(tables.variants()), 60):
        path = tmp_path / name
        path.write_bytes(data)
        if kind not in tables.kinds.LOADS:
            sentence = tables.refusal(path)
            assert tables._is_one_sentence(sentence), sentence
            assert name in sentence


def test_random_genomes_never_give_a_nan():
    rng = np.random.default_rng(2)
    ground = make_ground(tasks.campaign(), tasks.config(0))
    for number in range(40):
        structure = random_structure(rng)
        data = ground.train.with_memory(structure.memory)
        problem = make_problem(structure, data, TrainingSettings())
        theta = rng.normal(scale=(0.2, 1.0, 4.0)[number % 3], size=problem.layout.size)
        found = descend(problem, theta, data.segments(structure.n_start, 20), iterations=2)
        assert not np.isnan(found.cost)
        assert np.isfinite(found.theta).all()


@pytest.mark.slow
@pytest.mark.parametrize("poison", ["SIGKILL", "MemoryError"])
def test_poisoned_orders_cost_only_themselves(poison):
    wanted = _search(SerialEngine(), 3, "")
    with contextlib.closing(LocalEngine(2)) as engine:
        assert _bits(_search(engine, 3, poison)) == _bits(wanted)


@pytest.mark.slow
def test_same_seed_same_bits_stopped_and_gone_on(tmp_path):
    wanted = tasks.digest(identify(tasks.campaign(), tasks.config(5)))
    heard = []
    identify(
        tasks.campaign(), tasks.config(5), checkpoint=tmp_path / "c", report=heard.append,
        should_stop=lambda: sum(isinstance(one, CandidateScored) for one in heard) >= 5,
    )  # fmt: skip
    again = identify(tasks.campaign(), tasks.config(5), checkpoint=tmp_path / "c")
    assert tasks.digest(again) == wanted


def modules() -> list[Path]:
    return [*PACKAGE.rglob("*.py"), *GUI.rglob("*.py")]


def test_nothing_in_the_package_runs_what_a_file_says():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in BANNED_CALLS, f"{path.name}:{node.lineno} {name}"
                if name.startswith("pickle.loads"):
                    assert path.name in PICKLE_ALLOWED, f"{path.name}:{node.lineno}"
                for word in node.keywords:
                    if word.arg == "allow_pickle":
                        assert ast.unparse(word.value) == "False", f"{path.name}:{node.lineno}"


def test_no_random_number_comes_from_a_generator_without_a_seed():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                is_bare = name.endswith("default_rng") and not node.args and not node.keywords
                assert not is_bare, f"{path.name}:{node.lineno}: a generator without a seed"


def test_no_kernel_allows_fastmath_or_prange():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert words.get("fastmath", "False") == "False", f"{path.name}:{node.lineno}"
                assert words.get("parallel", "False") == "False", f"{path.name}:{node.lineno}"
                assert not ast.unparse(node.func).endswith("prange"), f"{path.name}:{node.lineno}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["numpy without AVX2 and FMA3", "OpenBLAS Nehalem", "libm without FMA"]
)
def test_the_fitness_has_the_same_bits_on_another_processor(name):
    wanted = machine.stages_with({})
    assert wanted == machine.stages_with(machine.OTHER_PROCESSORS[name])
    assert len(wanted["fitness of 12 orders"]) == 12


def test_a_distance_is_zero_only_for_equal_bits():
    values = [(0.5).hex(), (-2.0).hex()]
    assert machine.distance(values, list(values)) == 0.0
    assert machine.distance([(0.0).hex()], [(-0.0).hex()]) > 0.0
    assert machine.distance(values, [(0.5).hex(), (-2.5).hex()]) == 0.25
    assert machine.distance(values, values[:1]) == float("inf")
