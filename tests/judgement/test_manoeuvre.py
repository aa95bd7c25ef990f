"""What was flown, read off the inputs; and how alike two manoeuvres are."""

import numpy as np
import pytest

from heliid.errors import SettingsError
from heliid.validation.manoeuvre import (
    DOUBLET,
    OTHER,
    Event,
    called,
    describe,
    find_events,
    overruled,
    similarity,
)

DT = 0.05


def timeline(*parts: tuple[float, float], noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """An input (N, 1) from (seconds, value) pieces."""
    x = np.concatenate([np.full(round(s / DT), v) for s, v in parts])
    return (x + noise * np.random.default_rng(seed).normal(size=len(x)))[:, None]


def kinds(u: np.ndarray, names=("delta_lon",)) -> list[str]:
    return [e.kind for e in find_events(u, names, np.ones(u.shape[1]), DT)]


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([(2, 0), (20, 3)], "step"),
        ([(2, 0), (1, 3), (20, 0)], "pulse"),
        ([(2, 0), (1, 3), (1, -3), (20, 0)], "doublet"),
        ([(2, 0), (3, 3), (2, -3), (1, 3), (1, -3), (15, 0)], "3-2-1-1"),
        ([(2, 0), (1, 3), (1, -3), (3, 3), (2, -3), (15, 0)], "other"),
    ],
)
def test_textbook_inputs_are_recognised(parts, kind, noise):
    assert kinds(timeline(*parts, noise=noise)) == [kind]


def test_a_sweep_is_recognised():
    t = np.arange(0, 40, DT)
    u = np.sin(2 * np.pi * 0.1 * 20 / np.log(20) * (np.exp(t / 40 * np.log(20)) - 1) * 2)
    u[t < 1] = 0.0
    assert kinds(u[:, None])[-1] == "sweep" or "sweep" in kinds(u[:, None])


def test_separate_movements_are_separate_events_with_their_quiet_time():
    u = timeline((2, 0), (1, 3), (1, -3), (10, 0), (1, 3), (5, 0))
    first, second = find_events(u, ("delta_lon",), np.ones(1), DT)
    assert (first.kind, second.kind) == ("doublet", "pulse")
    assert first.quiet_until * DT == pytest.approx(14.0, abs=0.1)
    assert second.quiet_until == len(u)
    assert first.size == pytest.approx(3.0)


def test_an_input_at_rest_has_no_event():
    u = np.column_stack([timeline((2, 0), (20, 3))[:, 0], np.full(440, 0.05)])
    events = find_events(u, ("delta_lon", "delta_col"), np.ones(2), DT)
    assert describe(events) == "step delta_lon"
    assert describe(()) == "no clear input"


def test_similarity_of_shifted_reversed_and_other_inputs():
    a = timeline((2, 0), (3, 1), (2, -1), (1, 1), (1, -1), (10, 0))
    later = timeline((5, 0), (3, 2), (2, -2), (1, 2), (1, -2), (6, 0))
    other = timeline((2, 0), (1, 1), (1, -1), (14, 0))
    assert similarity(a, later) == pytest.approx(1.0, abs=0.05)
    assert similarity(a, -a) < 0.8
    assert similarity(a, other) < 0.8
    assert similarity(a, np.zeros_like(a)) == 0.0


def test_the_user_may_overrule_what_was_flown():
    flown = Event(OTHER, "delta_lon", 3, 9, 20, 1.0)
    assert [e.kind for e in overruled((flown,), DOUBLET)] == [DOUBLET]
    assert overruled((flown,), "") == (flown,)
    with pytest.raises(
        SettingsError, match="no manoeuvre called 'barrel roll': choose one of step"
    ):
        overruled((flown,), "barrel roll")


def test_a_kind_reads_well_in_a_sentence():
    assert called(OTHER, article=True) == "a mixed movement"
    assert called(DOUBLET, article=True) == "a doublet"
    assert describe((Event(OTHER, "delta_lon", 3, 9, 20, 1.0),)) == "mixed movement delta_lon"
