"""Where searches run: this computer, or a cluster; a button that tries the connection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QFormLayout, QLineEdit, QWidget

from heliid_gui.listen import listen
from heliid_gui.presenters.cluster import Cluster
from heliid_gui.theme import SPACE
from heliid_gui.widgets import Banner, button, column, label, row, tool_button


class ClusterForm(QWidget):
    """Address, certificates, and the answer of the cluster in one sentence."""

    def __init__(self, cluster: Cluster, window: Callable[[], int]) -> None:
        """``window``: how many orders the present study has under way at once."""
        super().__init__()
        self._cluster, self._window = cluster, window
        self.address = QLineEdit(cluster.address)
        self.address.setPlaceholderText(self.tr("this computer"))
        self.folder = QLineEdit(cluster.folder)
        self.folder.setPlaceholderText(self.tr("the usual folder"))
        self.browse = tool_button("open", self.tr("Choose the folder of certificates"), self._ask)
        self.try_it = button(self.tr("Try the connection"), self._try)
        self.answer = Banner()
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(2 * SPACE)
        form.setVerticalSpacing(SPACE)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._add(
            form, self.tr("Address"), self.address, self.address,
            self.tr(
                "Orders are trained by the workers of the Dask cluster at tls://HOST:8786. "
                "It changes no number. Empty: this computer."
            ),
        )  # fmt: skip
        self._add(
            form, self.tr("Certificates"), self.folder,
            row(self.folder, self.browse, spacing=SPACE // 2, grows=0),
            self.tr("The folder that  heliid cluster init  made for this cluster."),
        )  # fmt: skip
        note = label(
            self.tr("For a campaign that keeps one computer busy for hours."), "muted", wrap=True
        )
        self.setLayout(column(note, form, row(self.try_it, 1), self.answer, spacing=SPACE))
        for field in (self.address, self.folder):
            field.editingFinished.connect(self._keep)
        listen(self, cluster.changed, self.show_answer)
        self.show_answer()

    def _add(self, form: QFormLayout, text: str, field: QLineEdit, part, tip: str) -> None:
        caption = label(text, tip=tip)
        caption.setBuddy(field)
        field.setToolTip(tip)
        field.setAccessibleName(text)
        field.setAccessibleDescription(tip)
        form.addRow(caption, part)

    def show_answer(self) -> None:
        """Say how the last try went."""
        self.answer.show_text(
            self._cluster.answer, "warning" if self._cluster.state == "bad" else "info"
        )
        self.try_it.setEnabled(self._cluster.state != "busy")

    def _keep(self) -> None:
        self._cluster.set_place(self.address.text(), self.folder.text())

    def _try(self) -> None:
        self._keep()
        self._cluster.try_connection(self._window())

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Folder of certificates"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, name: str) -> None:
        self.folder.setText(name)
        self._keep()
