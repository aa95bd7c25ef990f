"""The Evolve view: what is drawn and when, the race, the candidates table."""

from __future__ import annotations

from dataclasses import replace

import gui_fakes
import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from heliid.events import BestImproved, LinearReady, PopulationMoved, SearchAdvanced, StageStarted
from heliid_gui.panels.race import steps
from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots.panel import PlotPanel, Row, Span
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import candidate_filter, documents, orders, race
from heliid_gui.theme import DARK, theme

pytestmark = pytest.mark.gui


def three_searches(count=12):
    """Candidates as a study of all three reports them."""
    found = []
    for name in ("abc", "ais", "pso"):
        for k in range(count):
            index = len(found)
            found.append(gui_fakes.scored(index, 1.0 / (k + 1), searcher=name))
    return found


@pytest.fixture
def evolving(loaded):
    """A study that is going on, with all three searches."""
    evolution = loaded.bench.evolution
    loaded.bench.studied = loaded.bench.setup
    evolution.begin(36)
    model = gui_fakes.make_model()
    evolution.apply([StageStarted("Searching", 36), LinearReady(model, 0.5, gui_fakes.responses())])
    evolution.apply(
        [BestImproved(1, "ais", 0.3, model, gui_fakes.responses(error=0.05)), *three_searches()]
    )
    loaded.show_step("evolve")
    yield loaded
    evolution.set_state("finished")


def drawn(panel: PlotPanel, row: str, label: str) -> np.ndarray:
    return panel._stack[row].curves[label].data.y


def test_a_plot_of_one_row_takes_the_whole_width(qtbot):
    """An axis placed first once narrowed the layout to its own width."""
    panel = PlotPanel()
    panel.resize(600, 200)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.wait(50)
    panel.set_rows([Row("cost", "", "-")])
    qtbot.wait(50)
    assert panel.row_plots[0].box.width() > 480


def test_a_plot_without_room_draws_nothing_and_does_not_crash(qtbot):
    """An exception in a paint event ends the program in this binding."""
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(40, 4)
    panel.show()
    panel.set_rows([Row(str(k), "", "-") for k in range(6)])
    x = np.linspace(0, 1, 50)
    for k in range(6):
        panel.set_curve(str(k), "measured", Kind.MEASURED, x, x)
    panel.grab()


def test_long_curves_are_thin_and_smooth_ones_thick(qtbot):
    """Stroking a noisy curve at 1.5 px takes a tenth of a second."""
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.show()
    panel.set_rows([Row("a", "", "-")])
    x = np.linspace(0, 10, 900)
    noise = np.random.default_rng(0).normal(size=x.size)
    panel.set_curve("a", "measured", Kind.MEASURED, x, np.sin(x))
    panel.flush()
    curve = panel._stack["a"].curves["measured"].item
    assert curve.pen.widthF() == 1.5
    panel.set_curve("a", "measured", Kind.MEASURED, x, noise)
    panel.flush()
    assert curve.pen.widthF() == 1.0


def test_spans_shade_their_row_only(qtbot):
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 300)
    panel.show()
    panel.set_rows([Row("a", "", "-"), Row("b", "", "-")])
    panel.set_time_range(0.0, 10.0)
    panel.set_spans([Span(2.0, 4.0, "#ff0000", 255), Span(6.0, 8.0, "#00ff00", 255, row="b")])
    qtbot.wait(50)
    picture = panel.grab().toImage()
    found = []
    for one in panel.row_plots:
        y = int(one.box.sceneBoundingRect().center().y()) + panel.canvas.y()
        for at in (3.0, 7.0):
            x = int(one.box.mapViewToScene(QPointF(at, 0.0)).x())
            found.append(picture.pixelColor(x, y + 5).name())
    assert found[0] == found[2] == "#ff0000"
    assert found[3] == "#00ff00"
    assert found[1] not in ("#ff0000", "#00ff00")


def test_rows_can_be_made_anew_any_number_of_times(qtbot):
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 300)
    panel.show()
    for turn in range(12):
        panel.set_rows([Row(f"{turn} {k}", "", "-") for k in range(1 + turn % 4)])
        qtbot.wait(5)
        panel.grab()
    items = [one for one in panel.canvas.scene().items() if isinstance(one, pg.ViewBox)]
    assert len(items) == len(panel.row_plots) == 4


def test_plots_out_of_sight_take_on_the_colours_when_they_are_shown(qtbot, evolving):
    plots = evolving.evolve.plots
    evolving.show_step("home")
    evolving.toggle_theme()
    try:
        evolving.show_step("evolve")
        qtbot.wait(50)
        assert plots.canvas.backgroundBrush().color().name() == DARK.surface
        assert plots._stack["q"].curves["model"].item.pen.color().name() == DARK.model
    finally:
        theme().apply("light")


def test_the_legend_begins_with_what_was_measured(evolving):
    names = [one.text() for one in evolving.evolve.plots.legend._buttons]
    assert names == ["measured", "model", "linear model"]


def test_only_what_changed_is_drawn_again(evolving, monkeypatch):
    plots = evolving.evolve.plots
    set_again = []
    monkeypatch.setattr(plots, "set_curve", lambda row, label, *_: set_again.append((row, label)))
    event = evolving.bench.evolution.best
    evolving.bench.evolution.apply([replace(event, responses=gui_fakes.responses(error=0.01))])
    assert set(set_again) == {("q", "model"), ("theta", "model")}


def test_the_error_is_measured_minus_model(evolving):
    view = evolving.evolve.free_run
    measured = drawn(view.plots, "q", "measured")
    view.residual.setChecked(True)
    assert "measured" not in view.plots._stack["q"].curves
    np.testing.assert_allclose(drawn(view.plots, "q", "model"), 0.05 * measured, atol=1e-12)
    view.residual.setChecked(False)
    np.testing.assert_allclose(drawn(view.plots, "q", "measured"), measured)


def test_what_came_too_quickly_is_shown_by_the_clock(qtbot, evolving):
    table = evolving.evolve.candidates.model
    evolution = evolving.bench.evolution
    count = len(evolution.candidates)
    for k in range(3):
        evolution.apply([gui_fakes.scored(count + k, 0.5)])
    qtbot.waitUntil(lambda: table.rowCount() == count + 3, timeout=3000)


def test_the_race_has_a_curve_and_a_map_for_each_search(qtbot, evolving):
    evolution, view = evolving.bench.evolution, evolving.evolve
    genomes = tuple(one.genome for one in evolution.candidates[:4])
    evolution.apply([PopulationMoved("ais", 30, genomes, (1.0,) * 4)])
    view.watch.setCurrentWidget(view.race)
    qtbot.waitUntil(lambda: len(view.race.orders.maps) == 3, timeout=3000)
    curves = view.race.convergence._stack["cost"].curves
    assert set(curves) == {"ABC", "AIS", "PSO", "linear"}
    for name in ("ABC", "AIS", "PSO"):  # each counts its own trainings
        assert curves[name].data.x[-1] == 12
        assert curves[name].data.y[-1] == pytest.approx(1 / 12)
    texts = [title.text() for title in view.race.orders.titles]
    assert texts[0].startswith("ABC: 0.0833 at 12 of 12")
    tried = [int(one._map.tried.sum()) for one in view.race.orders.maps]
    assert tried == [12, 16, 12]  # the four of the population came to the twelve of its own
    members = [len(one._members.data) for one in view.race.orders.maps]
    assert members == [0, 4, 0]


def test_best_so_far_holds_until_the_next_training():
    x, y = steps(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.2, 0.2]))
    assert x.tolist() == [1, 2, 2, 3, 3]
    assert y.tolist() == [0.5, 0.5, 0.2, 0.2, 0.2]


def test_a_standing_tells_what_was_found_and_when():
    nothing = race.standing("ais", np.array([np.inf, np.inf]))
    assert nothing.sentence() == "AIS: nothing yet in 2"
    found = race.standing("pso", np.array([np.inf, 0.5, 0.2, 0.2]))
    assert (found.n_judged, found.best_at, found.best_cost) == (4, 3, 0.2)


def test_the_path_of_the_best_has_only_better_ones():
    own = [gui_fakes.scored(0, 0.5), gui_fakes.scored(1, float("inf"), diverged=True)]
    path = race.path_of_the_best([*own, gui_fakes.scored(2, 0.2)])
    assert path == [own[0].genome, gui_fakes.scored(2, 0.2).genome]


def test_orders_that_another_search_had_trained_count_in_its_curve(evolving):
    """Scores are shared: a search whose first orders are known is no later at its best."""
    evolution = evolving.bench.evolution
    evolution.apply([SearchAdvanced("abc", k + 1, 0.4) for k in range(4)])
    evolution.apply([SearchAdvanced("ais", k + 1, 0.3) for k in range(6)])
    count, best = evolution.convergence()["ais"]
    assert count.tolist() == [1, 2, 3, 4, 5, 6]
    assert best[-1] == 0.3


def test_maps_of_one_race_share_their_colours():
    found = three_searches(5)
    levels = orders.cost_levels(found)
    names, limits = ("a", "b"), (np.zeros(9), np.full(9, 9.0))
    one = orders.order_map(found[:5], None, names, limits, 0, 1, levels=levels)
    assert one.levels.size == 15


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 36),
        ("pso", 12),
        ("abc cost<0.2", 7),
        ("h>=8", 4),
        ("h=0 ais", 1),
        ("#<=3", 3),
        ("na=1", 6),
        ("diverged", 0),
        ("size>1000", 0),
    ],
)
def test_candidates_are_filtered_by_words_and_comparisons(text, expected):
    test, why = candidate_filter.parse(text)
    assert why == ""
    assert sum(test(one) for one in three_searches()) == expected


@pytest.mark.parametrize("text", ["cost<abc", "spacing>2", "x<1"])
def test_a_term_that_means_nothing_hides_nothing_and_says_so(text):
    test, why = candidate_filter.parse(text)
    assert why
    assert test(gui_fakes.scored(0, 1.0))


def test_the_filter_keeps_the_table_and_counts(evolving):
    table = evolving.evolve.candidates
    table.filter.setText("pso")
    assert table.view.model().rowCount() == 12
    assert table.count.text() == "12 of 36"
    table.filter.setText("cost<x")
    assert table.view.model().rowCount() == 36
    assert table.count.text() == "not understood"
    assert "not a number" in table.count.toolTip()
    table.filter.clear()
    assert table.view.model().rowCount() == 36


def test_stars_by_click_and_key_stay_with_the_run(qtbot, evolving):
    evolving.evolve.refresh()
    table = evolving.evolve.candidates
    table.view.selectRow(0)
    first = table.current()
    QTest.keyClick(table.view, Qt.Key.Key_S)
    assert first.genome in evolving.bench.starred
    table.filter.setText("starred")
    assert table.view.model().rowCount() >= 1
    place = table.view.visualRect(table.view.model().index(0, 0)).center()
    QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    qtbot.waitUntil(lambda: not evolving.bench.starred, timeout=2000)
    table.filter.clear()


def test_stars_are_kept_with_the_run_and_saved(qtbot, loaded):
    loaded.model.change("budget", 5)
    loaded.start()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=15_000)
    genome = loaded.bench.runs[0].candidates[2].genome
    loaded.bench.star_candidate(genome, True)
    assert loaded.bench.runs[0].stars == {genome}
    saved = documents.to_project(loaded.bench)
    (again,) = documents.runs_of(saved)
    assert again.stars == {genome}


def test_an_older_run_can_be_watched_again(qtbot, loaded):
    for count in (4, 6):
        loaded.model.change("budget", count)
        loaded.start()
        qtbot.waitUntil(lambda: not loaded.bench.evolution.is_active, timeout=15_000)
    assert len(loaded.bench.evolution.candidates) == 6
    loaded.bench.choose_run(loaded.bench.runs[0].key)
    assert len(loaded.bench.evolution.candidates) == 4
    assert loaded.bench.studied is loaded.bench.runs[0].setup


def test_plots_and_tables_say_what_they_show(evolving):
    """For screen readers: a plot is a plot of something."""
    for one in evolving.evolve.findChildren(PlotPanel):
        if one.rows:
            assert one.canvas.accessibleName().startswith("Plot of "), one
    assert "Pitch rate" in evolving.evolve.plots.canvas.accessibleName()
    for one in evolving.compare.findChildren(TextTable):
        assert one.accessibleName().startswith("Table: "), one
