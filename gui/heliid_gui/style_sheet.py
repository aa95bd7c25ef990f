"""Shapes and spacing on top of Fusion: the style sheet, made from the colours of a theme."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from heliid_gui.theme import USE_COLOUR, Colours

_ASSETS = Path(__file__).resolve().parent / "assets"  # arrows and ticks


@lru_cache(maxsize=4)
def style_sheet(c: Colours) -> str:
    """Shapes and spacing on top of Fusion."""
    down, up, right, check = (
        f"url({(_ASSETS / f'{name}-{c.name}.svg').as_posix()})"
        for name in ("down", "up", "right", "check")
    )
    return f"""
    QToolTip {{ color: {c.text}; background: {c.surface}; border: 1px solid {c.border};
        padding: 6px; }}
    QMainWindow::separator {{ background: {c.border}; width: 1px; height: 1px; }}
    QSplitter::handle {{ background: transparent; }}
    QSplitter::handle:horizontal {{ width: 8px; }}
    QSplitter::handle:vertical {{ height: 8px; }}
    QMenuBar {{ background: {c.surface}; border-bottom: 1px solid {c.border}; }}
    QMenuBar::item {{ padding: 6px 10px; background: transparent; }}
    QMenuBar::item:selected {{ background: {c.hover}; border-radius: 4px; }}
    QMenu {{ background: {c.surface}; border: 1px solid {c.border}; padding: 4px; }}
    QMenu::item {{ padding: 6px 28px 6px 12px; border-radius: 4px; }}
    QMenu::icon {{ padding-left: 8px; }}
    QMenu::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QMenu::item:disabled {{ color: {c.disabled}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
    QStatusBar {{ background: {c.surface}; border-top: 1px solid {c.border}; color: {c.muted}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {c.muted}; padding: 0 8px; }}

    #runBar {{ background: {c.surface}; border-bottom: 1px solid {c.border}; }}
    #rail {{ background: {c.surface}; border-right: 1px solid {c.border}; }}
    #card {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: 8px; }}
    #card[clickable="true"]:hover, #card[clickable="true"]:focus {{ border-color: {c.accent}; }}
    #lineChosen {{ border: 1px solid {c.accent}; border-radius: 6px;
        background: {c.accent_soft}; }}
    #line {{ border: 1px solid transparent; border-radius: 6px; }}
    #line:hover {{ background: {c.hover}; }}
    #line:focus {{ border-color: {c.accent}; }}
    #sunken {{ background: {c.sunken}; border-radius: 6px; }}
    #title {{ font-size: 20pt; font-weight: 600; }}
    #heading {{ font-size: 12pt; font-weight: 600; }}
    #section {{ font-weight: 600; }}
    #muted {{ color: {c.muted}; }}
    #figure {{ font-size: 17pt; font-weight: 600; }}
    #good {{ color: {c.good}; font-weight: 600; }}
    #warning {{ color: {c.warning}; font-weight: 600; }}
    #bad {{ color: {c.bad}; font-weight: 600; }}
    {_uses(c)}
    #banner {{ background: {c.accent_soft}; border-radius: 6px; }}
    #banner[level="warning"] {{ border-left: 3px solid {c.warning}; }}
    #banner[level="info"] {{ border-left: 3px solid {c.accent}; }}

    QPushButton, QToolButton#tool {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: 6px; padding: 5px 12px; min-height: 18px; }}
    QToolButton#tool {{ padding: 5px 8px; }}
    QPushButton:hover, QToolButton#tool:hover {{ background: {c.hover}; }}
    QPushButton:pressed {{ background: {c.accent_soft}; }}
    QPushButton:focus, QToolButton#tool:focus {{ border: 1px solid {c.accent}; }}
    QPushButton:disabled, QToolButton#tool:disabled {{ color: {c.disabled};
        background: {c.window}; }}
    QToolButton#tool:checked {{ background: {c.accent_soft}; border-color: {c.accent}; }}
    QPushButton#primary {{ background: {c.accent}; color: {c.accent_text};
        border: 1px solid {c.accent}; font-weight: 600; }}
    QPushButton#primary:disabled {{ background: {c.window}; color: {c.disabled};
        border-color: {c.border}; }}
    QPushButton#primary:hover:!disabled {{ border-color: {c.text}; }}
    QPushButton#link {{ background: transparent; border: none; color: {c.accent};
        padding: 2px 4px; text-align: left; }}
    QPushButton#link:hover, QPushButton#link:focus {{ text-decoration: underline; }}
    QToolButton#flat {{ background: transparent; border: 1px solid transparent;
        border-radius: 6px; padding: 4px; }}
    QToolButton#flat:hover {{ background: {c.hover}; }}
    QToolButton#flat:focus {{ border-color: {c.accent}; }}

    QToolButton#step {{ background: transparent; border: 1px solid transparent;
        border-radius: 8px; padding: 6px 2px; color: {c.muted}; }}
    QToolButton#step:hover {{ background: {c.hover}; color: {c.text}; }}
    QToolButton#step:focus {{ border-color: {c.accent}; }}
    QToolButton#step:checked {{ background: {c.accent_soft}; color: {c.text};
        font-weight: 600; }}

    QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit, QTextBrowser {{
        background: {c.surface}; border: 1px solid {c.border}; border-radius: 6px;
        padding: 4px 6px; min-height: 18px; selection-background-color: {c.accent};
        selection-color: {c.accent_text}; }}
    QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus,
        QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {c.accent}; }}
    QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
        color: {c.disabled}; background: {c.window}; }}
    QComboBox {{ padding-right: 22px; }}
    QComboBox::drop-down {{ border: none; width: 22px; subcontrol-position: right center; }}
    QComboBox::down-arrow {{ image: {down}; width: 14px; height: 14px; }}
    QSpinBox, QDoubleSpinBox {{ padding-right: 22px; }}
    QSpinBox::up-button, QDoubleSpinBox::up-button {{ border: none; background: transparent;
        width: 22px; subcontrol-position: top right; subcontrol-origin: border; margin-top: 2px; }}
    QSpinBox::down-button, QDoubleSpinBox::down-button {{ border: none; background: transparent;
        width: 22px; subcontrol-position: bottom right; subcontrol-origin: border;
        margin-bottom: 2px; }}
    QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: {up}; width: 12px; height: 12px; }}
    QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: {down}; width: 12px;
        height: 12px; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator, QTreeView::indicator, QTableView::indicator, QListView::indicator {{
        width: 14px; height: 14px; border: 1px solid {c.disabled}; border-radius: 4px;
        background: {c.surface}; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked, QTreeView::indicator:checked, QTableView::indicator:checked,
        QListView::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: {check}; }}
    QTreeView::branch:has-children:closed {{ image: {right}; }}
    QTreeView::branch:has-children:open {{ image: {down}; }}
    QTreeView::branch:selected {{ background: {c.accent_soft}; }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.border};
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}

    QTreeView, QTableView, QListView {{ background: {c.surface}; border: none;
        alternate-background-color: {c.sunken}; outline: none;
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
    QTreeView::item, QListView::item {{ padding: 3px 2px; }}
    QTableView {{ gridline-color: {c.border}; }}
    QHeaderView {{ background: {c.surface}; }}
    QHeaderView::section {{ background: {c.surface}; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.border}; padding: 6px 4px; font-weight: 600; }}
    QHeaderView::up-arrow {{ image: {up}; width: 10px; height: 10px; }}
    QHeaderView::down-arrow {{ image: {down}; width: 10px; height: 10px; }}
    QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; }}
    QTableCornerButton::section {{ background: {c.surface}; border: none; }}

    QTabWidget::pane {{ border: none; border-top: 1px solid {c.border}; }}
    QTabBar::tab {{ background: transparent; color: {c.muted}; padding: 7px 12px;
        border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:hover {{ color: {c.text}; }}
    QTabBar::tab:focus {{ color: {c.accent}; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent};
        font-weight: 600; }}
    QDockWidget::title {{ background: {c.surface}; padding: 7px 10px;
        border-bottom: 1px solid {c.border}; }}
    QProgressBar {{ background: {c.sunken}; border: none; border-radius: 3px; max-height: 6px;
        min-height: 6px; text-align: center; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.border}; border-radius: 4px; min-height: 24px;
        min-width: 24px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {c.disabled}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QScrollArea, QScrollArea > QWidget > QWidget#page {{ background: transparent; border: none; }}
    """


def _uses(c: Colours) -> str:
    """What belongs to training, validation, test or nothing is written in its colour."""
    return "\n".join(
        f"QPushButton#use-{use}:enabled, QComboBox#use-{use} "
        f"{{ color: {getattr(c, role)}; font-weight: 600; }}"
        for use, role in USE_COLOUR.items()
    )
