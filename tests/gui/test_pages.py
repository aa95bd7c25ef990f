"""Pages that scroll: every line of wrapped text has its height, and long names are broken."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from heliid_gui.parts import breakable
from heliid_gui.widgets import column, label, row, scrolled

pytestmark = pytest.mark.gui
LONG = "The records outside the range of training are many, and this sentence says so at length. "


@pytest.fixture
def page(qtbot):
    texts = [label(LONG * 2, wrap=True) for _ in range(5)]
    inner = QWidget()
    inner.setLayout(column(*(row(one, grows=0) for one in texts), 1))
    area = scrolled(inner)
    qtbot.addWidget(area)
    area.resize(240, 200)
    area.show()
    QApplication.processEvents()
    return area, texts


def is_whole(text) -> bool:
    return text.height() >= text.heightForWidth(text.width())


def test_no_line_is_cut_however_narrow_the_page_becomes(page, qtbot):
    area, texts = page
    for width in (240, 400, 180):
        area.resize(width, 200)
        qtbot.waitUntil(lambda: all(is_whole(one) for one in texts))
        assert area.widget().height() > area.viewport().height()


def test_a_longer_text_gets_more_room(page, qtbot):
    _area, texts = page
    texts[0].setText(LONG * 6)
    qtbot.waitUntil(lambda: all(is_whole(one) for one in texts))


def test_a_page_that_fits_does_not_scroll(page, qtbot):
    area, texts = page
    for one in texts:
        one.setText("short")
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() == 0)


def test_a_file_name_may_be_broken_at_its_underscores():
    assert breakable("a_b") == "a_\u200bb"
    assert breakable("plain") == "plain"
