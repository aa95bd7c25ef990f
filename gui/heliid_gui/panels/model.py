"""The Model view: which channels, which orders, how to search; drawn beside it what that means."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from heliid.channels import Role
from heliid_gui.listen import listen
from heliid_gui.panels.channel_table import ChannelTable
from heliid_gui.panels.cluster_form import ClusterForm
from heliid_gui.panels.diagram import BlockDiagram
from heliid_gui.panels.settings_form import SettingsForm
from heliid_gui.presenters import model as presenter
from heliid_gui.presenters import setup as setups
from heliid_gui.presenters.cluster import Cluster
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Banner,
    Card,
    EmptyState,
    Section,
    boxed,
    button,
    column,
    label,
    panes,
    row,
    scrolled,
)


class ModelPanel(QWidget):
    """Channels on the left, the diagram in the middle, the settings on the right."""

    data_wanted = Signal()
    start_wanted = Signal()

    def __init__(self, bench: Workbench, cluster: Cluster) -> None:
        super().__init__()
        self._bench = bench
        self.channels = ChannelTable()
        self.diagram = BlockDiagram()
        self.form = SettingsForm()
        self.cluster = ClusterForm(cluster, lambda: bench.setup.config.window)
        where = Section(self.tr("Cluster"), self.cluster, is_open=cluster.place is not None)
        self.note = label("", "muted", wrap=True)
        self.problem = Banner()
        self.start = button(
            self.tr("Start the search"),
            self.start_wanted.emit,
            icon="start",
            kind="primary",
            tip=self.tr("Start with these settings (F5)"),
        )
        left = Card(
            label(self.tr("Channels"), "heading"),
            label(
                self.tr("Inputs drive the model, outputs are what it predicts."), "muted", wrap=True
            ),
            self.channels,
        )
        centre = Card(
            label(self.tr("Model to evolve"), "heading"),
            scrolled(self.diagram, sideways=True),
            self.note,
            grows=1,
        )
        right = Card(
            label(self.tr("Search"), "heading"),
            scrolled(boxed(column(self.form, where, 1))),
            self.problem,
            row(1, self.start),
            grows=1,
        )
        split = panes((left, 252, 276), (centre, 240, 570), (right, 296, 370))
        empty = EmptyState(
            "model",
            self.tr("No channels to choose from"),
            self.tr(
                "Open flight records first; their channels then become inputs and outputs "
                "of the model."
            ),
            button(self.tr("Go to Data"), self.data_wanted.emit, kind="primary"),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.stack, margins=SPACE))
        self.channels.role_wanted.connect(self.set_role)
        self.form.changed.connect(self.change)
        listen(self, bench.setup_changed, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the set-up as it is now."""
        setup = self._bench.setup
        self.stack.setCurrentIndex(1 if setup.records else 0)
        if not setup.records:
            return
        self.channels.show_choices(presenter.choices(setup))
        self.diagram.show_diagram(presenter.diagram(setup))
        self.form.show_config(setup.config)
        notes = (*presenter.diagram(setup).notes, presenter.size_of_search(setup))
        self.note.setText("\n".join(notes))
        self.problem.show_text(setups.problem(setup), "warning")

    def show_start(self, why_not: str) -> None:
        """Enable Start, or say why it is not."""
        self.start.setEnabled(not why_not)
        self.start.setToolTip(why_not or self.tr("Start with these settings (F5)"))

    def set_role(self, name: str, role: str) -> None:
        """Make a channel input, output or neither."""
        self._bench.edit(
            self.tr("Make %s %s") % (name, role),
            setups.with_role(self._bench.setup, name, Role(role)),
        )

    def change(self, name: str, value: object) -> None:
        """Change one setting; a run of changes to it is one undo step."""
        new = presenter.changed_config(self._bench.setup, **{name: value})
        if new.config != self._bench.setup.config:
            self._bench.edit(self.tr("Change a setting"), new, merge=name)
