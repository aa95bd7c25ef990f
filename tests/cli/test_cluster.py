"""heliid cluster: certificates, a look at a cluster, one order over several ranks."""

from __future__ import annotations

import csv
import json
import sys

import pytest

from heliid.cli import main

from .conftest import heliid

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Dask warns of itself


def test_init_makes_certificates_and_says_what_to_type(tmp_path):
    pytest.importorskip("cryptography", reason="cryptography is missing: heliid[cluster]")
    folder = tmp_path / "own"
    done = heliid("cluster", "init", "--out", folder, "--host", "node1")
    assert (done.status, done.err) == (0, "")
    assert "tls://node1:8786" in done.out
    assert {one.name for one in folder.iterdir()} == {"ca.pem", "cluster.pem", "cluster-key.pem"}
    again = heliid("cluster", "init", "--out", folder)
    assert again.status == 1
    assert "already holds certificates" in again.err


def test_an_unsafe_address_is_refused_before_anything_is_read(records, tmp_path):
    done = heliid(
        "identify", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        "--inputs", "stick", "--outputs", "q", "--out", tmp_path / "out", "--budget", "2",
        "--cluster", "tcp://10.0.0.5:8786",
    )  # fmt: skip
    assert done.status == 1
    assert "not encrypted" in done.err
    assert done.err.count("\n") == 1


def test_without_dask_one_sentence_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["cluster", "check", "localhost:1"]) == 1
    assert "pip install 'heliid[cluster]'" in capsys.readouterr().err


def test_one_and_two_ranks_write_the_same_model(records, tmp_path):
    found = []
    for ranks in (1, 2):
        out = tmp_path / f"ranks{ranks}"
        done = heliid(
            "cluster", "train", "--train", *sorted(records.glob("train*.csv")),
            "--validate", records / "validate.csv", "--inputs", "stick", "--outputs", "q,theta",
            "--order", "na=1,nb=2,nk=0,spacing=1,h=1", "--ranks", ranks, "--rate", "10",
            "--out", out, "--json",
        )  # fmt: skip
        assert done.status == 0, done.err
        assert json.loads(done.out)["ranks"] == ranks
        model = json.loads((out / "model.json").read_text())
        found.append(model["weights"])
        assert not (out / "training.checkpoint").exists()
    assert found[0] == found[1]


def test_a_search_on_a_cluster_has_the_bits_of_one_process(records, tmp_path, request):
    distributed = pytest.importorskip("distributed", reason="Dask is missing: heliid[cluster]")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )
    request.addfinalizer(cluster.close)
    common = (
        "identify", "--train", records / "train1.csv", "--validate", records / "validate.csv",
        "--inputs", "stick", "--outputs", "q", "--budget", "5", "--ensemble", "1", "--rate", "10",
        "--no-finer-rate", "--max-hidden", "1",
    )  # fmt: skip
    there, here = tmp_path / "there", tmp_path / "here"
    done = heliid(*common, "--cluster", cluster.scheduler_address, "--out", there)
    assert done.status == 0, done.err
    done = heliid(*common, "--workers", "1", "--out", here)
    assert done.status == 0, done.err
    texts = [(one / "search.csv").read_text() for one in (there, here)]
    rows = [list(csv.DictReader(text.splitlines())) for text in texts]
    for row in (*rows[0], *rows[1]):
        row.pop(next(name for name in row if name.startswith("cpu")))
    assert rows[0] == rows[1]
    weights = [json.loads((one / "model.json").read_text())["weights"] for one in (there, here)]
    assert weights[0] == weights[1]
