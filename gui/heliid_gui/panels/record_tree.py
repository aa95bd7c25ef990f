"""The tree of records and channels: what is plotted, what it is for."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from heliid.channels import Role
from heliid_gui.presenters.formatting import USE_NAMES
from heliid_gui.presenters.records import RecordLine
from heliid_gui.rooms import follow
from heliid_gui.theme import SPACE, colours, use_colour
from heliid_gui.widgets import column

_KEY = Qt.ItemDataRole.UserRole
_NAME = Qt.ItemDataRole.UserRole + 1


class RecordTree(QWidget):
    """Records with their channels; ticked channels are plotted."""

    record_chosen = Signal(str)
    plotted_changed = Signal(str, bool)
    role_wanted = Signal(str, object)
    use_wanted = Signal(str, str)
    remove_wanted = Signal(str)
    unit_wanted = Signal(str, str)  # SI unit of a quantity, symbol to show it in

    def __init__(self) -> None:
        super().__init__()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Find a channel"))
        self.filter.setAccessibleName(self.tr("Find a channel"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels([self.tr("Record"), self.tr("Unit"), self.tr("Role")])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.setIndentation(14)
        self.tree.setUniformRowHeights(True)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemChanged.connect(self._item_changed)
        self.tree.currentItemChanged.connect(self._current_changed)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.tree.setAccessibleName(self.tr("Records and channels"))
        self.setLayout(column(self.filter, self.tree, margins=SPACE))
        self._lines: tuple[RecordLine, ...] = ()
        self._quiet = False
        follow(self, self._paint)

    def show_lines(
        self, lines: tuple[RecordLine, ...], current: str, plotted: tuple[str, ...]
    ) -> None:
        """Show these records; only the current one is open."""
        self._quiet = True
        if [(x.key, x.name, len(x.channels)) for x in lines] != [
            (x.key, x.name, len(x.channels)) for x in self._lines
        ]:
            self._build(lines)
        self._lines = lines
        for index, line in enumerate(lines):
            self._fill_record(
                self._top(index), line, is_current=line.key == current, plotted=plotted
            )
        self._quiet = False
        self._filter(self.filter.text())

    def _top(self, index: int) -> QTreeWidgetItem:
        item = self.tree.topLevelItem(index)
        if item is None:
            raise IndexError(index)
        return item

    def _build(self, lines: tuple[RecordLine, ...]) -> None:
        self.tree.clear()
        for line in lines:
            top = QTreeWidgetItem([line.name])
            top.setData(0, _KEY, line.key)
            self.tree.addTopLevelItem(top)
            for channel in line.channels:
                child = QTreeWidgetItem([channel.name, channel.unit, ""])
                child.setData(0, _KEY, line.key)
                child.setData(0, _NAME, channel.name)
                child.setFlags(child.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                top.addChild(child)

    def _fill_record(
        self, top: QTreeWidgetItem, line: RecordLine, *, is_current: bool, plotted: tuple[str, ...]
    ) -> None:
        top.setText(2, line.use_text)
        top.setForeground(2, use_colour(line.uses[0]))
        top.setToolTip(0, f"{line.name}\n{line.summary}")
        top.setToolTip(2, self.tr("What the record is used for; right click to change it"))
        font = top.font(0)
        font.setBold(is_current)
        top.setFont(0, font)
        top.setExpanded(is_current)
        if is_current and self.tree.currentItem() is None:
            self.tree.setCurrentItem(top)
        for index, channel in enumerate(line.channels):
            child = top.child(index)
            on = Qt.CheckState.Checked if channel.name in plotted else Qt.CheckState.Unchecked
            child.setCheckState(0, on)
            child.setText(1, channel.unit)
            child.setText(2, channel.role)
            child.setForeground(2, QColor(colours().accent if channel.role else colours().muted))
            child.setToolTip(0, channel.tip)

    def _paint(self) -> None:
        lines, self._lines = self._lines, ()
        if lines:
            self._quiet = True
            for index, line in enumerate(lines):
                top = self._top(index)
                top.setForeground(2, use_colour(line.uses[0]))
                for number, channel in enumerate(line.channels):
                    tint = colours().accent if channel.role else colours().muted
                    top.child(number).setForeground(2, QColor(tint))
            self._quiet = False
        self._lines = lines

    def _item_changed(self, item: QTreeWidgetItem, col: int) -> None:
        if not self._quiet and col == 0 and item.data(0, _NAME):
            on = item.checkState(0) == Qt.CheckState.Checked
            self.plotted_changed.emit(item.data(0, _NAME), on)

    def _current_changed(self, item: QTreeWidgetItem | None, _old: QTreeWidgetItem | None) -> None:
        if not self._quiet and item is not None:
            self.record_chosen.emit(item.data(0, _KEY))

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        for index in range(self.tree.topLevelItemCount()):
            top = self._top(index)
            for number in range(top.childCount()):
                child = top.child(number)
                name = f"{child.text(0)} {child.toolTip(0)}".lower()
                child.setHidden(bool(wanted) and wanted not in name)

    def _add_units(self, menu: QMenu, key: str, name: str) -> None:
        """The units in which the channel's quantity can be shown."""
        channels = next((line.channels for line in self._lines if line.key == key), ())
        one = next((c for c in channels if c.name == name), None)
        if one is None or len(one.units) < 2:
            return
        sub = QMenu(self.tr("Show in"), menu)
        for symbol in one.units:
            action = sub.addAction(symbol, lambda s=symbol: self.unit_wanted.emit(one.si, s))
            action.setCheckable(True)
            action.setChecked(symbol == one.unit)
        menu.addSeparator()
        menu.addMenu(sub)

    def _menu(self, where: QPoint) -> None:
        item = self.tree.itemAt(where)
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        key, name = item.data(0, _KEY), item.data(0, _NAME)
        if name:
            for text, role in (
                (self.tr("Input"), Role.INPUT),
                (self.tr("Output"), Role.OUTPUT),
                (self.tr("Not in the model"), Role.IGNORED),
            ):
                menu.addAction(text, lambda r=role: self.role_wanted.emit(name, r))
            self._add_units(menu, key, name)
        else:
            for use, text in USE_NAMES.items():
                menu.addAction(
                    self.tr("Use all of it: %s") % text,
                    lambda u=use: self.use_wanted.emit(key, u),
                )
            menu.addSeparator()
            menu.addAction(self.tr("Remove from project"), lambda: self.remove_wanted.emit(key))
        menu.popup(self.tree.viewport().mapToGlobal(where))
