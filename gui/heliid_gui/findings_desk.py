"""The data's side of the window: the doctor's count and list, and the units that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QToolButton

from heliid.errors import HeliIDError
from heliid_gui import icons
from heliid_gui.listen import listen
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters.doctor import with_remedy
from heliid_gui.problems_dock import HEIGHT, ProblemsDock
from heliid_gui.rooms import follow
from heliid_gui.theme import colours, theme

if TYPE_CHECKING:
    from heliid.data.doctor import Finding
    from heliid_gui.main_window import MainWindow


class FindingsDesk(QObject):
    """Belongs to one main window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        fmt.take_units(window.settings.text("display_units"))
        self.dock: ProblemsDock | None = None
        self.count = QToolButton()
        self.count.setObjectName("flat")
        self.count.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.count.setToolTip(self.tr("List what the data doctor found in all records"))
        self.count.clicked.connect(lambda: self.toggle())
        self.count.hide()
        window.statusBar().addPermanentWidget(self.count)
        listen(self.count, window.doctor.changed, self._show_count)
        listen(self.count, window.bench.setup_changed, self._show_count)
        follow(self.count, self._show_count)

    def _show_count(self) -> None:
        errors, warnings = (self._window.doctor.count(k) for k in ("error", "warning"))
        parts = [fmt.plural(errors, "problem")] if errors else []
        parts += [fmt.plural(warnings, "warning")] if warnings else []
        text = ", ".join(parts) + (self.tr(" in the data") if parts else "")
        self.count.setText(text)
        self.count.setAccessibleName(text)
        tint = colours().bad if errors else colours().warning
        self.count.setIcon(icons.icon("error" if errors else "warning", tint, 16))
        self.count.setVisible(bool(parts))

    def toggle(self) -> None:
        """Show the findings of all records below the views, or hide them."""
        if self.dock is not None:
            self.dock.setVisible(not self.dock.isVisible())
            return
        window = self._window
        self.dock = ProblemsDock(window, window.doctor)
        self.dock.chosen.connect(self.show)
        self.dock.remedy_wanted.connect(self.mend)
        window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        window.resizeDocks([self.dock], [HEIGHT], Qt.Orientation.Vertical)
        self.dock.refresh()

    def show(self, key: str, finding: Finding) -> None:
        """Bring the place of a finding into view, in Prepare where that is open, else in Data."""
        window = self._window
        window.bench.choose_record(key)
        step = "prepare" if window.current_step == "prepare" else "data"
        window.show_step(step)
        if key:
            (window.prepare if step == "prepare" else window.data).show_finding(finding)

    def show_in(self, si: str, symbol: str) -> None:
        """Show a quantity in another unit everywhere, and remember it."""
        fmt.choose_unit(si, symbol)
        self._window.settings.put("display_units", fmt.chosen_units())
        theme().changed.emit()  # everything that is drawn is drawn anew

    def mend(self, key: str, finding: Finding) -> None:
        """Apply the remedy of a finding; one that does not fit is said."""
        window = self._window
        if finding.remedy is None:
            return
        try:
            changed = with_remedy(window.bench.setup, key, finding)
        except HeliIDError as error:
            window.problems.show(self.tr("The remedy does not fit"), str(error))
            return
        window.bench.edit(finding.remedy.sentence(), changed)
