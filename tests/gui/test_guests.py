"""A model from a file beside the runs: flown, ranked, judged, kept with the project."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from heliid.data.campaign import Use
from heliid.errors import HeliIDError
from heliid.export.model_files import save_model
from heliid.validation import record_facts
from heliid_gui import guest_tasks
from heliid_gui.panels.compare import ComparePanel
from heliid_gui.presenters import compare as presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.documents import runs_of, to_project
from heliid_gui.presenters.workbench import Workbench
from tests.judgement.plants import INPUTS, OUTPUTS, TRAIN, VALIDATE, truth_model, truth_record


class AtOnce:
    """A worker that answers before it is asked twice."""

    def submit(self, task, args=(), *, slot, on_result, on_error, **_callbacks):
        function = getattr(guest_tasks, task.partition(":")[2])
        try:
            value = function(*args, report=print, should_stop=lambda: False)
        except HeliIDError as error:
            on_error(str(error), "")
        else:
            on_result(value)

    def stop(self, request):
        """Nothing runs."""

    def pause(self, request, on):
        """Nothing runs."""


@pytest.fixture
def bench():
    made = Workbench()
    made.add_records([truth_record(TRAIN[0]), truth_record(VALIDATE[0])])
    setup = replace(made.setup, inputs=INPUTS, outputs=OUTPUTS)
    for item, use in zip(setup.records, (Use.TRAIN, Use.VALIDATE), strict=True):
        time = item.record.time
        changed = setups.with_pieces(item, [(float(time[0]), float(time[-1]), use)])
        setup = setups.replaced(setup, changed)
    made.put(setup)
    return made


@pytest.fixture
def panel(bench, qtbot):
    made = ComparePanel(bench, None, AtOnce())
    qtbot.addWidget(made)
    return made


@pytest.mark.slow
@pytest.mark.gui
def test_two_model_files_are_flown_and_ranked(panel, bench, tmp_path):
    good, poor = tmp_path / "network.json", tmp_path / "linear.json"
    save_model(truth_model(4, 1), good)
    save_model(truth_model(0), poor)
    panel.open_models([poor, good])
    assert [run.name for run in bench.runs] == ["linear", "network"]
    assert all(run.is_guest and list(run.responses) == [VALIDATE[0]] for run in bench.runs)
    rows = presenter.ranking(list(bench.runs), presenter.MEASURES[0])
    assert [row[1][0] for row in rows] == ["network", "linear"]
    method = presenter.run_lines(bench.runs)[0].cells[0][0]
    assert method == "file"
    assert panel.stack.currentIndex() == 1


@pytest.mark.slow
@pytest.mark.gui
def test_a_record_the_model_was_trained_on_does_not_rank_it(panel, bench, tmp_path):
    seen = record_facts(truth_record(VALIDATE[0]), Use.TRAIN)
    model = replace(truth_model(0), provenance={"records": [seen]})
    save_model(model, tmp_path / "model.json")
    panel.open_models([tmp_path / "model.json"])
    (run,) = bench.runs
    assert VALIDATE[0] in {record.name for record in run.campaign.with_use(Use.TRAIN)}
    assert presenter.ranking([run], presenter.MEASURES[0]) == []


@pytest.mark.slow
@pytest.mark.gui
def test_what_is_no_model_is_one_sentence(panel, bench, tmp_path):
    said = []
    panel.problem.connect(lambda title, sentence: said.append((title, sentence)))
    (tmp_path / "notes.json").write_text('{"a": 1}', "utf-8")
    panel.open_models([tmp_path / "notes.json"])
    assert bench.runs == ()
    assert "notes.json" in said[0][1]
    assert "\n" not in said[0][1]


@pytest.mark.slow
@pytest.mark.gui
def test_a_guest_is_kept_with_the_project(panel, bench, tmp_path):
    save_model(truth_model(0), tmp_path / "model.json")
    panel.open_models([tmp_path / "model.json"] * 2)
    assert [run.name for run in bench.runs] == ["model", "model (2)"]
    again = runs_of(to_project(bench))[0]
    assert again.is_guest
    assert math.isnan(again.cost)
