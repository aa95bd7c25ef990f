"""Every view: what it shows, what its keys do, that nothing is cut or dead."""

from __future__ import annotations

import subprocess
import sys

import gui_fakes
import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
)

from heliid.channels import Role
from heliid.data.campaign import Use
from heliid_gui import icons
from heliid_gui.actions import all_actions
from heliid_gui.main_window import STEP_KEYS
from heliid_gui.panels.text_table import TextTable
from heliid_gui.plots import menu
from heliid_gui.plots.panel import PlotPanel, Row
from heliid_gui.plots.styles import Kind
from heliid_gui.presenters import model as model_presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.theme import DARK, LIGHT, theme

pytestmark = pytest.mark.gui


def test_every_step_opens_by_its_key(qtbot, loaded):
    for number, key in enumerate(STEP_KEYS):
        QTest.keyClick(loaded, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda k=key: loaded.current_step == k, timeout=3000)
        assert loaded.stack.currentWidget() is loaded.views[key]


def test_every_control_has_a_name_for_screen_readers(loaded):
    nameless = [
        type(one).__name__
        for one in loaded.findChildren(QAbstractButton)
        if not (one.text() or one.accessibleName() or one.toolTip())
        and not one.objectName().startswith("qt_")
        and "pyqtgraph" not in type(one).__module__
        and one.isVisibleTo(loaded)
    ]
    assert nameless == []


def test_every_field_and_table_has_a_name_for_screen_readers(loaded):
    for key in loaded.views:
        loaded.show_step(key)
    kinds = (QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView, QPlainTextEdit)
    labelled = {id(one.buddy()) for one in loaded.findChildren(QLabel) if one.buddy()}
    inner = (QComboBox, QAbstractSpinBox)  # parts of a named field
    nameless = [
        f"{type(one).__name__} in {type(one.parent()).__name__}"
        for kind in kinds
        for one in loaded.findChildren(kind)
        if not (one.accessibleName() or id(one) in labelled or isinstance(one.parent(), inner))
        and not isinstance(one, QHeaderView)
        and not isinstance(one.parent().parent(), QComboBox)  # what a box drops down
    ]
    assert nameless == []


def test_commands_have_no_shortcut_twice(loaded):
    keys = [key.toString() for action in all_actions(loaded) for key in action.shortcuts()]
    assert sorted(keys) == sorted(set(keys))


def test_undo_takes_back_every_kind_of_edit(loaded):
    """PlotJuggler 1055, napari 199: undo must work for every edit, and fast."""
    start = loaded.bench.setup
    loaded.data.set_role("q", Role.IGNORED)
    loaded.model.change("budget", 33)
    loaded.data.set_use(loaded.bench.current_record, "test")
    loaded.data._border_moved(0, 3.0, True) if len(loaded.data.strip._borders) else None
    count = loaded.undo_stack.count()
    while loaded.undo_stack.canUndo() and loaded.bench.setup is not start:
        loaded.undo_stack.undo()
    assert loaded.bench.setup is start
    while loaded.undo_stack.canRedo():
        loaded.undo_stack.redo()
    assert loaded.bench.setup.config.budget == 33
    assert loaded.undo_stack.count() == count


def test_a_run_of_changes_to_one_field_is_one_undo_step(loaded):
    count = loaded.undo_stack.count()
    for value in (10, 11, 12, 13):
        loaded.model.change("budget", value)
    assert loaded.undo_stack.count() == count + 1
    loaded.undo_stack.undo()
    assert loaded.bench.setup.config.budget == 120


def test_settings_stay_when_the_view_is_left(loaded):
    """SasView 3347: sliders were reset behind the user's back."""
    loaded.show_step("model")
    loaded.model.form.fields["box_hidden_max"].setValue(3)
    loaded.model.form.fields["budget"].setValue(50)
    loaded.show_step("data")
    loaded.show_step("model")
    assert loaded.model.form.fields["box_hidden_max"].value() == 3
    assert loaded.bench.setup.config.box.hidden_max == 3
    assert loaded.bench.setup.config.budget == 50


def test_regions_by_dragging_and_key(qtbot, loaded):
    loaded.show_step("data")
    panel = loaded.data
    panel.plots.flush()
    panel.mark.setChecked(True)
    panel.plots.region_dragged.emit(2.0, 4.0, True)
    assert not panel.mark.isChecked()
    panel.uses["exclude"].click()
    parts = setups.pieces(loaded.bench.setup.records[0])
    assert (2.0, 4.0, Use.EXCLUDE) in parts
    assert "4 pieces" in panel.summary.text() or "5 pieces" in panel.summary.text()
    loaded.undo_stack.undo()
    assert (2.0, 4.0, Use.EXCLUDE) not in setups.pieces(loaded.bench.setup.records[0])


def test_dragging_over_the_plot_marks_a_region(qtbot, loaded):
    loaded.show_step("data")
    panel = loaded.data
    panel.plots.flush()
    panel.mark.setChecked(True)
    view = panel.plots.canvas.viewport()
    y = view.height() // 4
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, y))
    for x in range(210, 330, 20):
        QTest.mouseMove(view, QPoint(x, y), 5)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(330, y))
    qtbot.waitUntil(lambda: panel._selection is not None, timeout=2000)
    start, end = panel._selection
    assert 0 <= start < end <= 21


def test_channels_can_be_hidden_and_found(loaded):
    loaded.show_step("data")
    panel = loaded.data
    assert panel.plotted() == ("delta_lon", "delta_col", "q", "theta")
    panel.tree.plotted_changed.emit("q", False)
    assert panel.plotted() == ("delta_lon", "delta_col", "theta")
    panel.tree.filter.setText("pitch")
    top = panel.tree.tree.topLevelItem(0)
    hidden = [top.child(k).text(0) for k in range(top.childCount()) if top.child(k).isHidden()]
    assert hidden == ["delta_lon", "delta_col"]


def test_theme_changes_everything_that_is_painted_by_hand(loaded):
    loaded.show_step("data")
    loaded.toggle_theme()
    try:
        assert theme().colours is DARK
        assert loaded.settings.text("theme") == "dark"
        picture = loaded.grab().toImage()
        assert picture.pixelColor(picture.width() // 2, picture.height() - 60).lightness() < 90
    finally:
        theme().apply("light")
    assert theme().colours is LIGHT


def test_every_icon_draws_something(qapp):
    for name in icons.names():
        image = icons.pixmap(name, "#000000", 24, 1.0).toImage()
        inked = sum(
            image.pixelColor(x, y).alpha() > 40
            for x in range(image.width())
            for y in range(image.height())
        )
        assert inked > 12, name


def test_window_fits_the_smallest_screen(loaded):
    loaded.resize(1280, 720)
    for key in STEP_KEYS:
        loaded.show_step(key)
        assert loaded.minimumSizeHint().width() <= 1280, key
        assert loaded.minimumSizeHint().height() <= 720, key


@pytest.fixture
def plots(qtbot):
    import numpy as np

    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 400)
    panel.set_rows([Row("a", "a", "deg"), Row("b", "b", "m/s")])
    t = np.linspace(0.0, 10.0, 501)
    panel.set_curve("a", "measured", Kind.MEASURED, t, np.sin(t))
    panel.set_curve("a", "model", Kind.MODEL, t, 0.9 * np.sin(t))
    panel.set_curve("b", "measured", Kind.MEASURED, t, 0.6 * np.cos(t))
    panel.show()
    panel.flush()
    return panel


def test_zoom_history_goes_back_and_forth(plots):
    plots.set_time_range(0.0, 10.0)
    plots._last_push = 0.0
    plots.zoom_by(0.5)
    zoomed = plots.time_range()
    assert zoomed == pytest.approx((2.5, 7.5))
    plots.zoom_back()
    assert plots.time_range() == pytest.approx((0.0, 10.0))
    plots.zoom_forward()
    assert plots.time_range() == pytest.approx(zoomed)


def test_all_rows_share_the_time_axis(plots):
    plots.set_time_range(3.0, 4.0)
    for one in plots.row_plots:
        assert one.box.viewRange()[0] == pytest.approx([3.0, 4.0])


def test_new_data_do_not_undo_a_zoom(plots):
    import numpy as np

    plots._remember()
    plots.set_time_range(3.0, 4.0)
    t = np.linspace(0.0, 12.0, 601)
    plots.set_curve("a", "model", Kind.MODEL, t, np.sin(t))
    plots.flush()
    assert plots.time_range() == pytest.approx((3.0, 4.0))


def test_cursor_reads_the_nearest_sample_with_units(plots):
    text = plots.values_at(1.574)
    assert "a 1 / 0.9 deg" in text
    assert "m/s" in text


def test_copied_data_are_the_original_samples_of_the_visible_range(plots):
    plots.set_time_range(1.0, 1.1)
    menu.copy_data(plots)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[1] == "a measured [deg]"
    assert len(lines) == 1 + 6
    first = lines[1].split("\t")
    import math

    assert float(first[1]) == math.sin(float(first[0]))


def test_pictures_are_saved(plots, tmp_path):
    for name in ("plot.png", "plot.svg"):
        menu.save_picture(plots, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 2000


def test_a_hidden_curve_comes_back(plots):
    plots.legend.toggled.emit("model")
    assert not plots.row_plots[0].curves["model"].item.isVisible()
    plots.legend.toggled.emit("model")
    assert plots.row_plots[0].curves["model"].item.isVisible()


def test_no_si_prefix_on_any_axis(plots):
    for one in plots.row_plots:
        assert not one.left.autoSIPrefix
        assert not one.bottom.autoSIPrefix


def test_table_sorts_by_number_and_copies(qtbot):
    table = TextTable(("Name", "Value"))
    qtbot.addWidget(table)
    table.show_rows([("a", ("10 %", 10.0)), ("b", ("9 %", 9.0)), ("c", ("-", float("nan")))])
    table.sortItems(1, Qt.SortOrder.AscendingOrder)
    assert [table.item(k, 0).text() for k in range(3)] == ["b", "a", "c"]
    assert table.text().splitlines()[0] == "Name\tValue"


def test_palette_finds_and_runs_a_command(qtbot, loaded):
    loaded.show_palette()
    from heliid_gui.command_palette import CommandPalette

    (palette,) = loaded.findChildren(CommandPalette)
    palette.edit.setText("save the model, its predictions")
    assert palette.list.count() == 1
    QTest.keyClick(palette.edit, Qt.Key.Key_Return)
    assert loaded.current_step == "export"


def test_start_from_the_model_view_with_nothing_but_defaults(qtbot, loaded):
    loaded.show_step("model")
    loaded.bench.put(model_presenter.changed_config(loaded.bench.setup, budget=4))
    assert loaded.model.start.isEnabled()
    loaded.model.start.click()
    qtbot.waitUntil(lambda: loaded.bench.evolution.state == "finished", timeout=20_000)


def test_candidates_sort_and_describe(qtbot, loaded):
    loaded.bench.evolution.begin(9)
    loaded.bench.evolution.apply([gui_fakes.scored(k, 1.0 / (k + 1), best=True) for k in range(9)])
    table = loaded.evolve.candidates
    loaded.evolve.refresh()
    assert table.model.rowCount() == 9
    assert table.view.model().index(0, 1).data() == "9"  # the lowest cost first
    asked = []
    table.picked.connect(asked.append)
    table.view.selectRow(0)
    assert asked[0].index == 8
    assert "Candidate 9" in table.details.text()


def test_drag_enter_takes_files_only(loaded):
    from PySide6.QtCore import QMimeData, QUrl
    from PySide6.QtGui import QDragEnterEvent

    for has_url in (True, False):
        data = QMimeData()
        if has_url:
            data.setUrls([QUrl.fromLocalFile("/tmp/a.csv")])
        else:
            data.setText("hello")
        event = QDragEnterEvent(
            QPoint(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        event.setAccepted(False)
        loaded.dragEnterEvent(event)
        assert event.isAccepted() is has_url


def test_missing_display_is_one_sentence_with_a_way_out():
    from heliid_gui import startup

    status, sentence = startup.check({"PATH": "/bin"})
    assert status == startup.NO_DISPLAY
    assert "heliid identify" in sentence
    assert startup.missing_display({"QT_QPA_PLATFORM": "offscreen"}) == ""
    assert startup.missing_display({"DISPLAY": ":0"}) == ""


def test_bad_settings_never_block_the_start(qtbot, tmp_path, shared_jobs, shared_side_jobs):
    """PlotJuggler 865: a damaged configuration must not keep the window from opening."""
    from heliid_gui.main_window import MainWindow
    from heliid_gui.settings import Settings

    path = tmp_path / "settings.ini"
    path.write_bytes(b"[General]\ngeometry=zz\xff\x00not hex\ntheme=purple\nrecent=\x01\x02\n")
    settings = Settings(path=path)
    assert settings.blob("geometry") == b""
    window = MainWindow(settings, shared_jobs, shared_side_jobs)
    window.show()
    assert window.isVisible()
    window.close()
    window.deleteLater()


def test_first_paint_waits_for_nothing_heavy():
    code = """
import sys
sys.path[:0] = ["gui", "."]
from PySide6.QtWidgets import QApplication
app = QApplication([])
from heliid_gui import app as start
window = start.open_window(start._parse(["--safe-mode"]))
window.show()
while not window._painted:
    app.processEvents()
print([m for m in ("numba", "scipy", "pandas", "pyqtgraph") if m in sys.modules])
sys.stdout.flush()
import os
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_f1_opens_the_page_of_the_view_and_follows_it(qtbot, loaded):
    loaded.show_step("validate")
    QTest.keyClick(loaded, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: loaded._help is not None and loaded._help.isVisible(), timeout=3000)
    assert loaded._help.page.toPlainText().startswith("Validate")
    loaded.show_step("model")
    assert loaded._help.page.toPlainText().startswith("Model")
    loaded.show_help()
    assert not loaded._help.isVisible()


def test_every_view_has_a_page_in_the_guide():
    from heliid_gui import help_window

    for key, _ in help_window.pages():
        text = help_window.text(key)
        assert text.startswith("# ")
        assert 300 < len(text) < 3000, key


def test_every_key_of_the_menus_is_in_the_guide(loaded):
    from heliid_gui import help_window

    page = help_window.text("keys")
    for action in all_actions(loaded):
        for shortcut in action.shortcuts():
            name = shortcut.toString()
            known = name in page or (name.startswith("Ctrl+") and name[5:].isdigit())
            assert known or name == "Esc, Esc", name


def test_pages_of_the_guide_have_a_picture_in_both_looks(loaded):
    from heliid_gui import help_window

    for key in loaded.views:
        for look in ("light", "dark"):
            picture = help_window.picture(key, look)
            assert picture.width() >= 500, key
            assert round(picture.width() / picture.devicePixelRatio()) == help_window.PICTURE_WIDTH
    loaded.show_help("evolve")
    page = loaded._help.page
    assert page.document().toPlainText().startswith("Evolve")
    found = page.loadResource(2, QUrl("picture"))
    assert found == help_window.picture("evolve", "light")
    assert page.document().size().height() > found.height() / found.devicePixelRatio()
    theme().apply("dark")
    theme().apply("light")
    assert loaded._help.key() == "evolve"
