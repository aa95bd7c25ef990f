"""Messages that never block: one error dialog that collects, with details to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QWidget

from heliid.logs import crash_report
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Icon, button, column, label, row, scrolled


class ProblemDialog(QDialog):
    """Sentences about what went wrong; later ones are added while it is open."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("HeliID"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self._sentences: list[str] = []
        self._details: list[str] = []
        self._texts = column()
        self._body = QWidget()
        self._body.setLayout(column(self._texts, 1))
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setVisible(False)
        self._show = button(self.tr("Details"), self._toggle_details)
        close = button(self.tr("Close"), self.close, kind="primary")
        close.setDefault(True)
        copy = button(self.tr("Copy details"), self.copy, icon="copy")
        self._title = label("", "heading", wrap=True)
        head = row(Icon("warning", 28, "warning"), self._title, grows=1)
        self.setLayout(
            column(
                head,
                scrolled(self._body),
                self.details,
                row(copy, self._show, 1, close),
                margins=2 * SPACE,
                spacing=12,
            )
        )
        self.resize(560, 240)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What it says."""
        return tuple(self._sentences)

    def add(self, title: str, sentence: str, details: str = "") -> None:
        """Say one more thing."""
        if sentence in self._sentences:
            return
        self._sentences.append(sentence)
        self._title.setText(title)
        text = label(sentence, wrap=True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._texts.addWidget(text)
        if details:
            self._details.append(details)
            self.details.setPlainText("\n".join(self._details))
        self._show.setVisible(bool(self._details))

    def copy(self) -> None:
        """Everything to the clipboard: what was said, versions, the last lines of the log."""
        said = "\n\n".join([*self._sentences, *self._details])
        QGuiApplication.clipboard().setText(crash_report(details=said))

    def _toggle_details(self) -> None:
        self.details.setVisible(not self.details.isVisible())
        self.resize(self.width(), 420 if self.details.isVisible() else 240)


class Problems:
    """Shows sentences in one dialog, opened when it is needed."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent
        self._dialog: ProblemDialog | None = None

    def show(self, title: str, sentence: str, details: str = "") -> None:
        """Tell the user, without stopping anything."""
        if self._dialog is None:
            self._dialog = ProblemDialog(self._parent)
            self._dialog.destroyed.connect(self._forget)
        self._dialog.add(title, sentence, details)
        self._dialog.open() if not self._dialog.isVisible() else self._dialog.raise_()

    @property
    def dialog(self) -> ProblemDialog | None:
        """The open dialog, or None."""
        return self._dialog

    def _forget(self) -> None:
        self._dialog = None
