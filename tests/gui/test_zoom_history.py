"""Back and forward through what was looked at."""

import pytest

from heliid_gui.plots.zoom_history import LENGTH, STEP_S, ZoomHistory


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def history(clock):
    return ZoomHistory(lambda: clock[0])


def move(history, clock, shown, after=2 * STEP_S):
    clock[0] += after
    history.about_to_move(shown)


def test_back_and_forward_are_inverse(history, clock):
    for k in range(3):
        move(history, clock, (k, k + 1.0))
    assert history.back((9.0, 10.0)) == (2, 3.0)
    assert history.back((2, 3.0)) == (1, 2.0)
    assert history.forward((1, 2.0)) == (2, 3.0)
    assert history.forward((2, 3.0)) == (9.0, 10.0)
    assert history.forward((9.0, 10.0)) is None


def test_moves_close_together_are_one_step(history, clock):
    """A turn of the wheel is twenty events; Alt+Left undoes all of it."""
    move(history, clock, (0.0, 100.0))
    for k in range(20):
        move(history, clock, (k, 100.0 - k), after=0.02)
    assert history.back((20.0, 80.0)) == (0.0, 100.0)
    assert history.back((0.0, 100.0)) is None


def test_a_new_move_forgets_what_was_ahead(history, clock):
    move(history, clock, (0.0, 1.0))
    history.back((5.0, 6.0))
    move(history, clock, (0.0, 1.0))
    assert history.forward((7.0, 8.0)) is None


def test_it_does_not_grow_for_ever(history, clock):
    for k in range(3 * LENGTH):
        move(history, clock, (k, k + 1.0))
    steps = 0
    while history.back((0.0, 0.0)) is not None:
        steps += 1
    assert steps == LENGTH
