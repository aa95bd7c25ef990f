"""The Export view: forms the model can leave in, each written, run again and compared."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFontDatabase
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QPlainTextEdit,
    QStackedWidget,
    QWidget,
)

from heliid_gui.listen import listen
from heliid_gui.presenters import exports as presenter
from heliid_gui.presenters.exports import Exports, Line
from heliid_gui.presenters.workbench import Workbench
from heliid_gui.theme import SPACE
from heliid_gui.widgets import (
    Banner,
    Card,
    EmptyState,
    Icon,
    button,
    column,
    label,
    panes,
    row,
    scrolled,
    set_kind,
)


class _TargetLine(QFrame):
    """One target with its badge."""

    clicked = Signal(str)

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.setObjectName("line")
        self.line = line
        self._badge = Icon("ok", 16, "good")
        self._state = label("", "muted")
        words = column(
            label(line.title, "section"), label(line.summary, "muted", wrap=True), spacing=2
        )
        layout = row(words, self._state, self._badge, margins=SPACE, grows=0)
        self.setLayout(layout)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(line.title)
        self.setAccessibleDescription(line.summary)
        self.show_state("idle")

    def show_state(self, state: str) -> None:
        """Show how this export stands."""
        icon, text, role = presenter.BADGES[state]
        self._badge.setVisible(bool(icon))
        if icon:
            self._badge.show_icon(icon, role)
        self._state.setText(text)

    def mark(self, on: bool) -> None:
        """Show that this one is chosen."""
        set_kind(self, "lineChosen" if on else "line")

    def mouseReleaseEvent(self, event) -> None:
        """Choose it."""
        self.clicked.emit(self.line.key)
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event) -> None:
        """The same by keyboard."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit(self.line.key)
            return
        super().keyPressEvent(event)


class ExportPanel(QWidget):
    """Targets on the left, the chosen one on the right."""

    evolve_wanted = Signal()

    def __init__(self, bench: Workbench, exports: Exports) -> None:
        super().__init__()
        self._bench, self._exports = bench, exports
        self._lines: dict[str, _TargetLine] = {}
        self._chosen = ""
        self._options: dict[str, QComboBox] = {}
        self.folder = Path.home()
        self.run = QComboBox()
        self.run.setAccessibleName(self.tr("Run"))
        self.run.setMinimumContentsLength(12)
        self.run.activated.connect(lambda: bench.choose_run(self.run.currentData()))
        self.title = label("", "heading")
        self.summary = label("", "muted", wrap=True)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(2 * SPACE)
        self.form.setVerticalSpacing(SPACE)
        self.result = Banner()
        self.notes = label("", "muted", wrap=True)
        self.preview = QPlainTextEdit()
        self.preview.setReadOnly(True)
        self.preview.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.preview.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.preview.setAccessibleName(self.tr("Preview"))
        self.save = button(self.tr("Export…"), self.ask_path, icon="export", kind="primary")
        self.advice = button(
            self.tr("Recommend numbers"), self.ask_advice,
            tip=self.tr(
                "Measures double, 16, 8 and 4 bits and ternary weights by their free run on the "
                "validation records, and chooses what the table says"
            ),
        )  # fmt: skip
        self.show_files = button(self.tr("Open folder"), self._open_folder, icon="open")
        self._build()
        listen(self, bench.runs_changed, self.refresh)
        listen(self, bench.run_chosen, self.refresh)
        listen(self, exports.changed, self._show_outcomes)
        listen(self, exports.previewed, self._show_preview)
        listen(self, exports.advised, self._show_advice)
        self.refresh()

    def _build(self) -> None:
        self._list = column(spacing=2)
        inner = QWidget()
        inner.setLayout(column(self._list, 1))
        left = Card(
            row(label(self.tr("Export"), "heading"), 1, label(self.tr("Run"), "muted"), self.run),
            scrolled(inner),
            margins=SPACE + 4,
            grows=1,
        )
        right = Card(
            row(self.title, 1, self.show_files, self.save),
            self.summary,
            self.form,
            row(self.advice, 1),
            self.result,
            self.notes,
            label(self.tr("Preview"), "section"),
            self.preview,
            grows=7,
        )
        split = panes((left, 340, 420), (right, 420, 760))
        empty = EmptyState(
            "export",
            self.tr("Nothing to export yet"),
            self.tr(
                "Run a search first. Its best model can then leave as C, Python, ONNX, FMU, "
                "MATLAB, a state space or a report, each run again and compared before it is "
                "called verified."
            ),
            button(self.tr("Go to Evolve"), self.evolve_wanted.emit, kind="primary"),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(empty)
        self.stack.addWidget(split)
        self.setLayout(column(self.stack, margins=SPACE))

    def showEvent(self, event) -> None:
        """The list of targets is only made when somebody looks."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the run of the moment."""
        run = self._bench.find_run()
        has_model = run is not None and run.model is not None
        self.stack.setCurrentIndex(1 if has_model else 0)
        if run is None or not has_model or not self.isVisible():
            return
        if not self._lines:
            self._make_lines()
        self.run.clear()
        for one in reversed(self._bench.runs):
            self.run.addItem(one.name, one.key)
        self.run.setCurrentIndex(max(0, self.run.findData(run.key)))
        self._show_outcomes()
        self._ask_preview()

    def _make_lines(self) -> None:
        for line in presenter.lines():
            made = _TargetLine(line)
            made.clicked.connect(self.choose)
            self._list.addWidget(made)
            self._lines[line.key] = made
        self.choose(next(iter(self._lines)))

    def choose(self, key: str) -> None:
        """Show this target."""
        self._chosen = key
        line = self._lines[key].line
        for other, made in self._lines.items():
            made.mark(other == key)
        self.title.setText(line.title)
        self.summary.setText(line.summary)
        while self.form.rowCount():
            self.form.removeRow(0)
        self._options = {}
        for option in line.options:
            box = QComboBox()
            for value in option.choices:
                box.addItem(presenter.OPTION_NAMES.get(value, value), value)
            box.setToolTip(option.help)
            box.setAccessibleName(option.title)
            box.activated.connect(self._option_chosen)
            self.form.addRow(label(option.title, tip=option.help), box)
            self._options[option.name] = box
        self.advice.setVisible(key == presenter.ADVISED)
        self._show_applying()
        self._show_outcomes()
        self._ask_preview()

    def options(self) -> dict[str, str]:
        """What is chosen for the target on show."""
        chosen = {name: str(box.currentData()) for name, box in self._options.items()}
        known = {one.name: one for one in self._lines[self._chosen].line.options}
        return {name: value for name, value in chosen.items() if known[name].applies(chosen)}

    def _option_chosen(self) -> None:
        self._show_applying()
        self._ask_preview()

    def _show_applying(self) -> None:
        """Only the options that mean something beside the others."""
        applying = self.options()
        for name, box in self._options.items():
            self.form.setRowVisible(box, name in applying)

    def ask_advice(self) -> None:
        """Measure which numbers the model can live with, and choose them."""
        run = self._bench.find_run()
        if run is not None:
            self.advice.setEnabled(False)
            self.notes.setText(self.tr("Measuring how few bits this model can live with…"))
            self.notes.setVisible(True)
            self._exports.advise(run)

    def _show_advice(self, key: str, kind: str, sentence: str, table: str) -> None:
        self.advice.setEnabled(True)
        run = self._bench.find_run()
        if run is None or run.key != key or self._chosen != presenter.ADVISED:
            return
        box = self._options.get("type")
        if box is not None and kind:
            box.setCurrentIndex(max(0, box.findData(kind)))
            self._show_applying()
        self.notes.setText(sentence)
        self.notes.setVisible(True)
        if table:
            self.preview.setPlainText(table)

    def _show_outcomes(self) -> None:
        run = self._bench.find_run()
        if run is None or not self._lines:
            return
        for key, made in self._lines.items():
            made.show_state(self._exports.outcome(run.key, key).state)
        outcome = self._exports.outcome(run.key, self._chosen)
        level = "warning" if outcome.state in ("failed", "unverified") else "info"
        self.result.show_text(outcome.sentence, level)
        self.notes.setText("\n".join(outcome.notes))
        self.notes.setVisible(bool(outcome.notes))
        self.show_files.setVisible(bool(outcome.files))
        self.save.setEnabled(outcome.state != "busy")

    def _ask_preview(self) -> None:
        run = self._bench.find_run()
        if run is not None and self._chosen and self.isVisible():
            self.preview.setPlainText(self.tr("Preparing the preview…"))
            self._exports.preview(run, self._lines[self._chosen].line, self.options())

    def _show_preview(self, key: str, text: str) -> None:
        if key == self._chosen:
            self.preview.setPlainText(
                text or self.tr("The preview of this one is the file itself.")
            )

    def ask_path(self) -> None:
        """Let the user choose where the export goes."""
        line = self._lines[self._chosen].line
        dialog = QFileDialog(self, self.tr("Export: %s") % line.title, str(self.folder))
        if line.suffix:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setNameFilters([f"{line.title} (*{line.suffix})"])
            dialog.setDefaultSuffix(line.suffix.lstrip("."))
            dialog.selectFile(str(self.folder / f"heliid_model{line.suffix}"))
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.export_to(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, path: Path) -> None:
        """Write the chosen target there."""
        run = self._bench.find_run()
        if run is None:
            return
        self.folder = path.parent
        self._exports.write(run, self._lines[self._chosen].line, path, self.options())

    def _open_folder(self) -> None:
        run = self._bench.find_run()
        files = self._exports.outcome(run.key, self._chosen).files if run is not None else ()
        if files:
            place = files[0] if files[0].is_dir() else files[0].parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(place)))
