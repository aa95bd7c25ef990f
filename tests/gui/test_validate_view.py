"""The pages of evidence: records and cases, limits that can be edited, physics, references."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import lru_cache

import numpy as np
import pytest

from heliid.physics import study_physics
from heliid.physics.responses import KINDS, respond
from heliid.validation import judge
from heliid_gui.presenters import judgement as presenter
from heliid_gui.presenters.judgement import Judgement
from heliid_gui.presenters.judges import Judges
from tests.judgement.plants import VALIDATE, truth_model, truth_record

pytestmark = [pytest.mark.gui, pytest.mark.slow]


@lru_cache
def judged() -> Judgement:
    model = truth_model(4, 1)
    report = judge(model, [truth_record(VALIDATE[0])], linear=truth_model(0))
    physics = study_physics(model, (model, truth_model(4, 2), truth_model(2)))
    responses = {
        (c.name, kind): respond(model, c.name, kind) for c in model.inputs for kind in KINDS
    }
    return Judgement({"validate": report}, (), physics, "", {}, responses)


class Jobs:
    def __init__(self):
        self.asked = []

    def submit(self, task, args=(), *, slot, **callbacks):
        self.asked.append((args, callbacks))


def test_an_edited_limit_judges_every_run_again():
    class Run:
        key, model, linear, members, campaign, config = "r", object(), None, (), None, None
        is_guest = test_used = False

    jobs = Jobs()
    judges = Judges(jobs)
    judges.judge(Run())
    judges.set_limit("theil_limit", 0.2)
    judges.set_manoeuvre("a", "doublet")
    judges.set_manoeuvre("a", "doublet")  # says nothing new
    assert len(jobs.asked) == 3
    assert jobs.asked[-1][0][-2:] == ({"theil_limit": 0.2}, {"a": "doublet"})
    judges.set_limit("theil_limit", None)
    judges.set_manoeuvre("a", "")
    assert jobs.asked[-1][0][-2:] == ({}, {})


def test_limits_can_be_edited_and_a_bad_one_is_said(qtbot):
    from heliid_gui.panels.limits_tab import VALUE, LimitsTab

    tab = LimitsTab()
    qtbot.addWidget(tab)
    tab.show_report(judged().reports["validate"], ())
    heard = []
    tab.limit_edited.connect(lambda key, value: heard.append((key, value)))
    tab.table.item(0, VALUE).setText("0.2")
    tab.table.item(1, VALUE).setText("")
    assert heard == [("theil_good", 0.2), ("theil_limit", None)]
    tab.table.item(2, VALUE).setText("much")
    assert "'much' is no limit" in tab.problem.text
    assert len(heard) == 2


def test_records_show_cases_growth_and_take_the_users_word(qtbot):
    from heliid_gui.panels.records_tab import RecordsTab

    tab = RecordsTab()
    qtbot.addWidget(tab)
    tab.show_report(judged().reports["validate"], ())
    assert tab.table.rowCount() == 1
    assert tab.cases.rowCount() >= 1
    assert {curve.label for _, curve in tab.growth.curves()} == {"u", "w", "q", "theta"}
    heard = []
    tab.manoeuvre_said.connect(lambda *said: heard.append(said))
    tab.flown.setCurrentIndex(tab.flown.findData("doublet"))
    tab.flown.activated.emit(tab.flown.currentIndex())
    assert heard == [(VALIDATE[0], "doublet")]


def test_residuals_have_histogram_and_spectrum(qtbot):
    from heliid_gui.panels.evidence_tabs import ResidualsTab

    tab = ResidualsTab()
    qtbot.addWidget(tab)
    tab.show_report(judged().reports["validate"], truth_model(4, 1).outputs)
    (curve,) = (c for _, c in tab.histogram.curves() if c.label == "residual")
    area = np.sum(curve.data.y[::2] * np.diff(curve.data.x)[::2])
    assert area == pytest.approx(1.0, abs=1e-9)
    assert {c.label for _, c in tab.spectrum.curves()} == {"residual", "white"}


def test_frequency_lists_j_of_every_pair(qtbot):
    from heliid_gui.panels.evidence_tabs import FrequencyTab

    tab = FrequencyTab()
    qtbot.addWidget(tab)
    report = judged().reports["validate"]
    tab.show_report(report, ())
    assert tab.table.rowCount() == len(report.frequency.pairs) + 1
    assert presenter.pair_rows(report)[-1][0] == "mean"


def test_physics_has_poles_test_inputs_sizes_and_references(qtbot, tmp_path):
    from heliid_gui.panels.modes_tab import ModesTab

    tab = ModesTab()
    qtbot.addWidget(tab)
    tab.show_judgement(judged())
    assert tab.modes.rowCount() == 3
    assert tab.amplitudes.rowCount() >= 15
    tab.kind.setCurrentText("doublet")
    tab.kind.activated.emit(0)
    labels = {curve.label for _, curve in tab.responses.curves()}
    assert labels == {"input", "model", "linearised"}
    table = tmp_path / "tunnel.csv"
    table.write_text("name,value,unit\nMq,-3.7,1/s\nphugoid frequency,0.115,rad/s\n")
    tab.load_table(table)
    assert tab.reference.currentText() == "tunnel"
    assert tab.references.rowCount() == 2
    table.write_text("nothing")
    tab.load_table(table)
    assert "no columns 'name' and 'value'" in tab.problem.text
    assert tab.reference.currentText() == "tunnel"


def test_without_physics_the_reason_is_shown(qtbot):
    from heliid_gui.panels.modes_tab import ModesTab

    tab = ModesTab()
    qtbot.addWidget(tab)
    tab.show_judgement(Judgement({}, (), None, "There is no trim.", {}))
    assert tab.banner.text == "There is no trim."
    assert not tab.pages.isEnabled()


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not here")
def test_plot_saved_as_pdf_is_vectors_at_original_samples(qtbot, tmp_path):
    from heliid_gui.plots.menu import save_picture
    from heliid_gui.plots.panel import PlotPanel, Row
    from heliid_gui.plots.styles import Kind

    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(500, 300)
    panel.show()
    panel.set_rows([Row("q", "Pitch rate", "deg/s")])
    n = 40_000  # more than the screen draws
    panel.set_curve(
        "q", "measured", Kind.MEASURED, np.arange(n) / 50, np.random.default_rng(1).normal(size=n)
    )
    panel.flush()
    for ending in ("pdf", "svg", "png"):
        save_picture(panel, tmp_path / f"p.{ending}")
        assert (tmp_path / f"p.{ending}").stat().st_size > 1000
    data = (tmp_path / "p.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/Subtype /Image" not in data
    done = subprocess.run(
        ["pdftotext", str(tmp_path / "p.pdf"), "-"], capture_output=True, check=True
    )
    assert "Pitch rate" in done.stdout.decode()
    svg = (tmp_path / "p.svg").read_text()
    assert max(path.count(" ") for path in svg.split("<p")) > n


def test_judgement_limits_and_manoeuvres_are_saved_with_the_project(tmp_path):
    """Through the project's own file and back."""
    from heliid.project.document import Project
    from heliid_gui.presenters import documents
    from heliid_gui.presenters.workbench import Workbench

    plain = presenter.plain(judged(), {"a": "doublet"})
    assert plain["verdict"] == []
    assert plain["scores"]["validate"][0]["output"] == "u"
    assert plain["modes"]["eigenvalues"]
    json.dumps(plain, allow_nan=False)
    bench = Workbench()
    bench.limits["theil_limit"] = 0.2
    bench.manoeuvres["a"] = "doublet"
    project = documents.to_project(bench)
    assert documents.judging_of(project) == ({"theil_limit": 0.2}, {"a": "doublet"})
    odd = {"limits": {"colour": 1, "theil_limit": "x"}, "manoeuvres": {"a": "barrel roll"}}
    assert documents.judging_of(Project(thresholds=odd)) == ({}, {})
    assert documents.judging_of(Project()) == ({}, {})


def test_the_same_judgement_again_changes_nothing():
    from heliid_gui.presenters.workbench import Workbench

    bench = Workbench()
    heard = []
    bench.find_run = lambda key="": type("R", (), {"judgement": {"a": 1}, "key": key})()
    bench.change_run = lambda key, **changes: heard.append((key, changes))
    bench.keep_judgement("run1", {"a": 1})
    bench.keep_judgement("run1", {"a": 2})
    assert heard == [("run1", {"judgement": {"a": 2}})]
