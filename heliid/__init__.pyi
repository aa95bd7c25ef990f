"""The public names of HeliID, for type checkers; ``__init__.py`` fetches them when used."""

from typing import Final

import heliid.export.targets
from heliid.api import predict as predict
from heliid.api import save_study as save_study
from heliid.api import score as score
from heliid.api import simulate as simulate
from heliid.data.campaign import Campaign as Campaign
from heliid.data.campaign import Use as Use
from heliid.data.campaign import make_campaign as make_campaign
from heliid.data.csvfile import read_csv as read_csv
from heliid.data.record import Channel as Channel
from heliid.data.record import FlightRecord as FlightRecord
from heliid.data.record import split_in_time as split_in_time
from heliid.ensemble import Ensemble as Ensemble
from heliid.ensemble import make_ensemble as make_ensemble
from heliid.errors import HeliIDError as HeliIDError
from heliid.export.model_files import load_model as load_model
from heliid.export.model_files import save_model as save_model
from heliid.model.network import NarxModel as NarxModel
from heliid.model.simulate import Response as Response
from heliid.physics import linearise as linearise
from heliid.physics import modes as modes
from heliid.study import OrderBox as OrderBox
from heliid.study import StudyConfig as StudyConfig
from heliid.study import StudyResult as StudyResult
from heliid.study import fit as fit
from heliid.study import identify as identify
from heliid.study.compare import compare_searches as compare_searches
from heliid.study.judgement import judge_study as judge_study
from heliid.validation.judge import judge as judge

__version__: Final[str]
__all__: list[str]
export_model = heliid.export.targets.export
