"""The few verbs of the scripting interface that are not somebody else's function already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from heliid.data.record import FlightRecord
from heliid.model.network import NarxModel
from heliid.model.simulate import Response
from heliid.study import StudyResult
from heliid.study.judgement import judge_study
from heliid.validation import WINDOWS, judge


def simulate(model: NarxModel, record: FlightRecord, window_s: float = 0.0) -> Response:
    """The free run of ``model`` on a record, absolute SI at model rate.

    The measured outputs only start it; with ``window_s`` it is restarted from them every so many
    seconds.
    """
    return model.simulate(record, window_s)


def predict(model: NarxModel, record: FlightRecord) -> Response:
    """Each sample predicted one step ahead from measured outputs, absolute SI at model rate.

    For residual tests; such numbers flatter every model.
    """
    return model.predict(record)


def score(
    model: NarxModel,
    records: FlightRecord | Sequence[FlightRecord],
    windows: Sequence[float | str] = WINDOWS,
) -> list[dict[str, Any]]:
    """One line per record, output and window: rmse (in ``unit``), nrmse, fit in %, theil, ...

    ``windows``: seconds between restarts from data, or ``"all"`` for one free run.
    """
    several = (records,) if isinstance(records, FlightRecord) else tuple(records)
    return judge(model, several, windows=windows).score_table()


def save_study(result: StudyResult, folder: str | Path) -> dict[str, Any]:
    """Write models, candidates, report and summary into a folder, as ``heliid identify`` does.

    Test records of the campaign, if there are any, are scored now. The summary comes back.
    """
    from heliid.data.campaign import Use
    from heliid.export.study_files import prepare_folder, write_study

    has_test = result.campaign is not None and bool(result.campaign.with_use(Use.TEST))
    judged, reports = judge_study(result, with_test=has_test)
    return write_study(judged, reports, prepare_folder(Path(folder)))
