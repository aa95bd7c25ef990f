"""The errors a user can meet; each message is one sentence that says what to do."""

from __future__ import annotations


class HeliIDError(Exception):
    """Anything in the user's world that stops the work: files, data, settings."""


class RecordError(HeliIDError):
    """A flight record or the file it comes from is not usable as it is."""


class CampaignError(HeliIDError):
    """Records, roles, inputs and outputs do not fit together."""


class ModelFileError(HeliIDError):
    """A model file is damaged, too new, or not a model at all."""


class ProjectFileError(HeliIDError):
    """A project file is damaged, too new, locked, or not a project at all."""


class ExportError(HeliIDError):
    """A model cannot be written in the form asked for."""


class SettingsError(HeliIDError):
    """A setting is outside what can be done; names the setting and its range."""


class TrainingError(HeliIDError):
    """No usable weights can be found for this structure on these records."""


class DivergedError(HeliIDError):
    """A free run left the range of sense; carries the time it happened.

    Attributes
    ----------
    time : float
        Time since the start of the run, s.
    """

    def __init__(self, message: str, time: float) -> None:
        super().__init__(message)
        self.time = time
