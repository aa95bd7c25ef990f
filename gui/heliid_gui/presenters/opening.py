"""From a project file to what the window shows, or one sentence why it cannot. No Qt.

Hashes say that a file is as it was written, not that its content makes sense. Everything that a
view will ask of it later is therefore made here, before anything of it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from heliid.errors import HeliIDError, ProjectFileError
from heliid_gui.presenters import documents
from heliid_gui.presenters.setup import Setup, conditioned
from heliid_gui.presenters.workbench import Run

if TYPE_CHECKING:
    from heliid.project import ProjectRecord
    from heliid.project.session import Session


@dataclass(frozen=True, eq=False)
class Content:
    """What the window shows of a project; ``said``: sentences about what it cannot do with it."""

    setup: Setup = field(default_factory=Setup)
    runs: tuple[Run, ...] = ()
    said: tuple[str, ...] = ()


# what plain data of the wrong kind lead to
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def content_of(session: Session) -> Content:
    """What the window shows; a file can hold what no window could show, and is then refused."""
    name = session.path.name if session.path is not None else "recovered"
    try:
        setup, runs = documents.setup_of(session.project), documents.runs_of(session.project)
        documents.judging_of(session.project)
        pairs = [_with_steps_that_work(item) for item in setup.records]
    except HeliIDError as error:
        raise ProjectFileError(_short(str(error))) from None
    except _MISFITS as error:
        what = f"{type(error).__name__}: {str(error)[:120]}"
        raise ProjectFileError(
            f"The project {name} cannot be opened: its content does not fit its schema ({what}); "
            f"open the last good copy ({name}.bak) instead."
        ) from None
    said = tuple(_short(sentence) for _, sentence in pairs if sentence)
    return Content(replace(setup, records=tuple(item for item, _ in pairs)), runs, said)


def _with_steps_that_work(item: ProjectRecord) -> tuple[ProjectRecord, str]:
    """The record, its steps off where they cannot be applied, and a sentence when they are."""
    try:
        conditioned(item)
    except HeliIDError as error:
        off = tuple({**step, "off": True} for step in item.steps)
        return replace(item, steps=off), (
            f"The steps of the record {item.record.name} cannot be applied and are switched off: "
            f"{error}"
        )
    return item, ""


def _short(sentence: str, most: int = 400) -> str:
    """A sentence that quotes a very long value keeps its beginning and its end."""
    if len(sentence) <= most:
        return sentence
    return f"{sentence[: most // 2]} ... {sentence[5 - most // 2 :]}"
