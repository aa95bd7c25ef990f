"""The curve of each search, as the window hears it."""

from search_valley import BOX, ValleyProblem, canonical

from heliid.engine.serial import SerialEngine
from heliid.events import CandidateScored, SearchAdvanced
from heliid.search.factory import make_searcher
from heliid.search.memo import Memo
from heliid.search.run import Limits, run_search


def test_a_search_reports_its_whole_curve_although_another_one_had_trained_some():
    problem = ValleyProblem()
    memo, heard = Memo(problem.fingerprint), []
    results = [
        run_search(
            make_searcher(name, BOX, 3, canonical=canonical),
            problem,
            SerialEngine(),
            Limits(40),
            memo=memo,
            report=heard.append,
        )
        for name in ("ais", "ais", "pso")
    ]
    curves = [one for one in heard if isinstance(one, SearchAdvanced)]
    told = [one.best_cost for one in curves]
    assert told == [cost for result in results for cost in result.trace]
    assert [one.n_scored for one in curves] == [*range(1, 41)] * 3
    again = [one for one in heard if isinstance(one, CandidateScored)]
    assert len(again) < len(curves)  # the second search trained nothing that the first had
