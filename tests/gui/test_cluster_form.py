"""Searches on a cluster from the window: the address, the answer, and the same bits."""

import json
import sys

import pytest

from heliid.data.campaign import Use
from heliid_gui import cluster_tasks, tasks
from heliid_gui.presenters.cluster import Cluster
from heliid_gui.settings import Settings

pytestmark = [pytest.mark.gui, pytest.mark.filterwarnings("ignore")]  # Dask warns of itself


class Jobs:
    """Keeps what it is asked."""

    def __init__(self):
        self.asked = []

    def submit(self, task, args=(), *, slot, **callbacks):
        self.asked.append((task, args, callbacks))


@pytest.fixture
def memory(tmp_path):
    return Settings(path=tmp_path / "settings.ini")


def test_the_place_is_remembered_by_the_computer(memory):
    cluster = Cluster(Jobs(), memory)
    assert cluster.place is None
    cluster.set_place(" tls://node1:8786 ", "/certificates")
    assert Cluster(Jobs(), memory).place == ("tls://node1:8786", "/certificates")
    cluster.set_place("", "/certificates")
    assert Cluster(Jobs(), memory).place is None


def test_an_answer_about_another_address_is_not_shown(memory):
    jobs = Jobs()
    cluster = Cluster(jobs, memory)
    cluster.set_place("tls://node1", "")
    cluster.try_connection(8)
    assert cluster.state == "busy"
    assert jobs.asked[0][1] == (("tls://node1", ""), 8)
    cluster.set_place("tls://node2", "")
    jobs.asked[0][2]["on_result"]("2 workers at tls://node1")
    assert (cluster.state, cluster.answer) == ("idle", "")
    cluster.try_connection(8)
    jobs.asked[1][2]["on_error"]("nobody answers", "")
    assert (cluster.state, cluster.answer) == ("bad", "nobody answers")


def test_without_an_address_nothing_is_asked(memory):
    jobs = Jobs()
    cluster = Cluster(jobs, memory)
    cluster.try_connection(8)
    assert jobs.asked == []
    assert "this computer" in cluster.answer


def test_the_form_says_what_is_missing(window, qtbot):
    """An address that is another machine's without encryption is refused in one sentence."""
    form = window.model.cluster
    form.address.setText("tcp://10.0.0.5:8786")
    form.address.editingFinished.emit()
    form.try_it.click()
    qtbot.waitUntil(lambda: window.cluster.state == "bad", timeout=30_000)
    assert "not encrypted" in form.answer.text
    assert form.try_it.isEnabled()


def test_a_study_is_sent_where_the_form_says(loaded):
    sent = []
    loaded.studies._jobs = type("J", (), {"submit": lambda _s, _t, a, **_k: sent.append(a)})()
    loaded.cluster.set_place("tls://node1:8786", "")
    assert loaded.studies.start()
    assert sent[0][3] == ("tls://node1:8786", "")


def test_missing_dask_is_one_sentence_with_what_to_type(monkeypatch):
    from heliid.errors import HeliIDError

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HeliIDError, match=r"pip install 'heliid\[cluster\]'"):
        cluster_tasks.look(("localhost:1", ""), 8, report=print, should_stop=lambda: False)


@pytest.mark.slow
def test_a_study_on_a_cluster_has_the_bits_of_this_machine(request):
    distributed = pytest.importorskip("distributed", reason="Dask is missing: heliid[cluster]")
    from heliid.data.bundled import load_example
    from heliid.study import OrderBox, StudyConfig

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )
    request.addfinalizer(cluster.close)
    place = (cluster.scheduler_address, "")
    told = cluster_tasks.look(place, 2, report=print, should_stop=lambda: False)
    assert told.startswith("2 workers at")
    assert "4 or more" in told
    campaign = load_example("quarter_drone")
    assert campaign.with_use(Use.VALIDATE)
    config = StudyConfig(
        rate_hz=5.0, budget=5, n_ensemble=1, n_tables=1, workers=1, box=OrderBox(hidden_max=1)
    )
    heard = []
    there = tasks.identify(
        campaign, config, None, place, report=heard.append, should_stop=lambda: False
    )
    here = tasks.identify(campaign, config, None, report=print, should_stop=lambda: False)
    assert any("2 workers" in getattr(one, "text", "") for one in heard)
    weights = [json.dumps(one.model.weights.to_dict()) for one in (there, here)]
    assert weights[0] == weights[1]
    assert [one.cost for one in there.candidates] == [one.cost for one in here.candidates]
