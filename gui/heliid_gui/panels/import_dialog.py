"""Import with options: what was detected, a live preview, and never closed by an error."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QWidget

from heliid.errors import HeliIDError
from heliid_gui.loading import elsewhere
from heliid_gui.panels.import_form import ImportForm
from heliid_gui.panels.import_table import ImportTable
from heliid_gui.presenters import formatting as fmt
from heliid_gui.presenters import importing
from heliid_gui.presenters.importing import Import
from heliid_gui.presenters.project_desk import Runner
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, ElidedLabel, button, column, label, row


class ImportDialog(QDialog):
    """One file."""

    imported = Signal(object, dict, object)  # record, roles by channel, path

    def __init__(
        self,
        parent: QWidget,
        path: Path,
        loader: Runner,
        *,
        problem: str = "",
        folder: Path | None = None,
    ) -> None:
        """``problem``: why the file was not read without questions."""
        super().__init__(parent)
        self._loader, self._folder = loader, folder
        self._is_reading = self._is_over = False
        self.setWindowTitle(self.tr("Import %s") % path.name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = ImportForm()
        self.table = ImportTable()
        self.banner = Banner()
        self.said = ElidedLabel("", "muted")
        self.remember = QCheckBox(self.tr("Remember for files with this header"))
        self.remember.setChecked(True)
        self.import_button = button(self.tr("Import"), self.read, icon="open", kind="primary")
        self.import_button.setDefault(True)
        cancel = button(self.tr("Cancel"), self.reject)
        reset = button(
            self.tr("As detected"),
            self.reset,
            tip=self.tr("Forget the changes and show what the file suggests"),
        )
        self.suggest = button("", self.use_suggestions, kind="link")
        head = label(path.name, "heading", tip=str(path))
        self.setLayout(
            column(
                row(head, self.said, grows=1), self.form, self.banner, row(self.suggest, 1),
                self.table,
                row(self.remember, reset, 1, cancel, self.import_button),
                margins=2 * SPACE, spacing=SPACE + 4, grows=4,
            )
        )  # fmt: skip
        self.form.format_changed.connect(
            lambda name, value: self._change(importing.with_format(self.state, **{name: value}))
        )
        self.form.time_changed.connect(
            lambda name, value: self._change(importing.with_time(self.state, **{name: value}))
        )
        self.form.missing_changed.connect(
            lambda policy, marks: self._change(importing.with_missing(self.state, policy, marks))
        )
        self.table.column_changed.connect(
            lambda index, what, value: self._change(
                importing.with_column(self.state, index, **{what: value})
            )
        )
        room = parent.window().size()
        self.resize(min(1120, room.width() - 40), min(680, room.height() - 20))
        self._path = path
        self.state: Import = importing.begin(path, folder)
        self._trouble = problem
        self._show()

    @property
    def problem(self) -> str:
        """What the banner says."""
        return self.banner.text

    def reset(self) -> None:
        """Back to what was detected."""
        detected = self.state.detected
        self._change(Import(self._path, detected, detected, problem=self.state.problem))

    def use_suggestions(self) -> None:
        """Give the columns the names that were suggested."""
        self._change(importing.with_suggestions(self.state, importing.suggestions(self.state)))

    def _show_suggestions(self) -> None:
        found = importing.suggestions(self.state)
        names = self.state.final().names
        pairs = [f"{names[k]} \u2192 {one.symbol}" for k, one in found.items()]
        more = self.tr(" and %d more") % (len(pairs) - 3) if len(pairs) > 3 else ""
        self.suggest.setText(self.tr("Use suggested names: %s%s") % (", ".join(pairs[:3]), more))
        self.suggest.setToolTip(
            "\n".join(f"{names[k]} is {one.symbol}: {one.why}" for k, one in found.items())
        )
        self.suggest.setVisible(bool(found))

    def _change(self, state: Import) -> None:
        if state != self.state:
            self.state, self._trouble = state, ""
            self._show()

    def _show(self) -> None:
        state = self.state
        found = importing.show(state)
        columns = importing.columns(state)
        self.form.show_dialect(state.dialect)
        self.table.show_preview(columns, found)
        self._show_suggestions()
        wrong = next((f"Column '{c.name}' {c.problem}." for c in columns if c.problem), "")
        trouble = found.problem or self._trouble or wrong
        if trouble:
            self.banner.show_text(trouble, "warning")
        elif state.has_profile:
            self.banner.show_text(
                self.tr("Read as you told HeliID the last time for this header."), "info"
            )
        else:
            self.banner.show_text("")
        kept = sum(c.role not in ("time", "left out") for c in columns)
        self.said.set_full_text(
            f"{fmt.plural(kept, 'channel')}, first {fmt.plural(len(found.rows), 'row')}"
        )
        self._enable()

    def _enable(self) -> None:
        there = bool(self.state.dialect.names) and not self._is_reading
        self.import_button.setEnabled(there)
        self.import_button.setToolTip("" if there else self.tr("There is no table to import yet"))

    def read(self) -> None:
        """Read the whole file off the window's thread; what is wrong is said and nothing closes."""
        if self._is_reading:
            return
        self._is_reading = True
        self._enable()
        self.said.set_full_text(self.tr("Reading…"))
        state = self.state
        self._loader.run(
            lambda: elsewhere("heliid_gui.presenters.importing:read", state),
            lambda record: self._read(state, record),
            self._fail,
        )

    def done(self, result: int) -> None:
        """Closed: a record that is still being read is not wanted any more."""
        self._is_over = True
        super().done(result)

    def _read(self, state: Import, record) -> None:
        if self._is_over:
            return
        self._is_reading = False
        if self.remember.isChecked():
            try:
                importing.remember(state, self._folder)
            except HeliIDError as error:
                self._fail(str(error), "")
                self.remember.setChecked(False)
                return
        self.imported.emit(record, importing.roles(state), self._path)
        self.accept()

    def _fail(self, sentence: str, _details: str) -> None:
        if self._is_over:
            return
        self._is_reading = False
        self._trouble = sentence
        self._show()
        self.banner.show_text(sentence, "warning")
