"""Free run, one step and windows: against the slow twin and against what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.data.prepare import prepare
from heliid.errors import RecordError, SettingsError
from heliid.model.network import DIVERGED_AT, Weights
from heliid.model.simulate import free_run, one_step, run_prepared, windowed_run
from heliid.model.structure import extend_inputs
from tests.data.makers import make_record
from tests.reference import slow_narx

from .makers import make_model

NAMES = ("a", "b", "y", "z")
UNITS = ("%", "%", "rad/s", "rad/s")


def record(n=200, **kwargs):
    return make_record(n=n, dt=0.1, names=NAMES, units=UNITS, **kwargs)


def slow_response(model, flight, window):
    """What the slow twin says, absolute SI, (N, ny)."""
    prepared = prepare(flight, NAMES[:2], NAMES[2:], dt=model.dt, trim_rule=model.trim_rule)
    u = extend_inputs(model.scaling.scale_inputs(prepared.u), model.structure.memory)
    y = model.scaling.scale_outputs(prepared.y)
    first = model.structure.n_start
    starts = list(range(first, len(y), window)) if window else [first]
    segments = [(a, b - a) for a, b in zip(starts, [*starts[1:], len(y)], strict=True)]
    y_sim, _ = slow_narx.run(
        model.structure, model.weights, model.scaling.increment_std, u, y, segments, DIVERGED_AT
    )
    y_sim[:first] = y[:first]
    return model.scaling.unscale_outputs(y_sim) + prepared.y_trim


@pytest.mark.parametrize("window", [0, 1, 7, 50])
@pytest.mark.parametrize("memory", [(), ((0, 0.2),)])
@pytest.mark.parametrize("trim_rule", ["none", "lead:1"])
def test_runs_agree_with_the_slow_twin(window, memory, trim_rule):
    lags = ((0, 1, 3), (1,), *(((0, 2),) if memory else ()))
    model = make_model(input_lags=lags, memory=memory, trim_rule=trim_rule)
    flight = record()
    prepared = prepare(flight, NAMES[:2], NAMES[2:], dt=0.1, trim_rule=trim_rule)
    response = run_prepared(model, prepared, window)
    np.testing.assert_allclose(
        response.simulated, slow_response(model, flight, window), rtol=0, atol=1e-11
    )


def test_free_run_copies_the_start_and_never_sees_the_rest():
    model = make_model()
    flight = record()
    changed = flight.values.copy()
    changed[10:, 2:] += 3.0
    a, b = free_run(model, flight), free_run(model, replace(flight, values=changed))
    assert a.n_start == 3
    np.testing.assert_array_equal(a.simulated[:3], a.measured[:3])
    np.testing.assert_array_equal(a.simulated, b.simulated)
    np.testing.assert_array_equal(a.residual, a.measured - a.simulated)


def test_one_step_uses_measured_past_only():
    model = make_model()
    flight = record()
    changed = flight.values.copy()
    changed[100, 2:] += 3.0
    a, b = one_step(model, flight), one_step(model, replace(flight, values=changed))
    differs = np.any(a.simulated != b.simulated, axis=1)
    np.testing.assert_array_equal(np.flatnonzero(differs), [101, 102])


def test_windowed_run_restarts_from_the_measurement():
    model = make_model()
    flight = record()
    windows, free = windowed_run(model, flight, 2.0), free_run(model, flight)
    ahead = one_step(model, flight)
    np.testing.assert_array_equal(windows.simulated[:23], free.simulated[:23])
    np.testing.assert_array_equal(windows.simulated[23], ahead.simulated[23])
    np.testing.assert_array_equal(windows.simulated[43], ahead.simulated[43])
    long = windowed_run(model, flight, 1e6)
    np.testing.assert_array_equal(long.simulated, free.simulated)


def test_one_step_is_a_window_of_one_sample():
    model = make_model()
    np.testing.assert_array_equal(
        windowed_run(model, record(), 0.1).simulated, one_step(model, record()).simulated
    )


def test_a_runaway_is_reported_with_its_time_and_stays_finite():
    stable = make_model()
    weights = stable.weights
    linear = weights.linear.copy()
    linear[0, 0] += 1.5
    model = replace(
        stable,
        weights=Weights(weights.w_hid, weights.b_hid, weights.w_out, linear, weights.bias),
    )
    response = free_run(model, record())
    assert response.diverged_at is not None
    bad = round(response.diverged_at / model.dt)
    scaled = (response.simulated - model.scaling.output_mean) / model.scaling.output_std
    assert np.all(np.abs(scaled) <= DIVERGED_AT + 1e-9)
    assert np.all(response.simulated[bad:] == response.simulated[bad - 1])
    assert np.any(response.simulated[bad - 1] != response.simulated[bad - 2])


def test_samples_outside_the_training_envelope_are_marked():
    flight = record()
    low, high = flight.values.min(axis=0), flight.values.max(axis=0)
    inside = free_run(make_model(envelope=np.column_stack([low, high])), flight)
    assert not inside.outside.any()
    high[3] -= 1e-6
    cut = free_run(make_model(envelope=np.column_stack([low, high])), flight)
    np.testing.assert_array_equal(np.flatnonzero(cut.outside), [int(np.argmax(flight.column("z")))])
    assert not free_run(make_model(), flight).outside.any()


def test_absolute_values_come_out_whatever_the_trim():
    response = free_run(make_model(trim_rule="lead:1"), record())
    np.testing.assert_allclose(response.measured, record().columns(NAMES[2:]), rtol=1e-12)
    np.testing.assert_allclose(response.u, record().columns(NAMES[:2]), rtol=1e-12)


def test_responses_are_read_only():
    response = free_run(make_model(), record())
    for array in (response.time, response.measured, response.simulated, response.outside):
        assert not array.flags.writeable


def test_wrong_records_are_refused_in_words():
    model = make_model()
    with pytest.raises(RecordError, match="'z' is not in"):
        free_run(model, make_record(n=200, dt=0.1, names=NAMES[:3], units=UNITS[:3]))
    degrees = make_record(n=200, dt=0.1, names=NAMES, units=("%", "%", "m/s", "rad/s"))
    with pytest.raises(RecordError, match="'y' of record 'flight' is in m/s, the model wants"):
        free_run(model, degrees)
    with pytest.raises(RecordError, match="the model needs 30"):
        free_run(make_model(output_lags=((1, 30), (1,))), record(n=20))
    with pytest.raises(SettingsError, match="above 0 s"):
        windowed_run(model, record(), 0.0)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-500, 500))
def test_shifting_time_shifts_the_answer(shift):
    model = make_model(trim_rule="lead:1")
    flight = record()
    a = free_run(model, flight)
    b = free_run(model, replace(flight, time=flight.time + shift))
    np.testing.assert_allclose(b.simulated, a.simulated, atol=1e-9)
    np.testing.assert_allclose(b.time - shift, a.time, atol=1e-9)
    assert a.diverged_at == b.diverged_at


@settings(max_examples=24, deadline=None)
@given(inputs=st.permutations([0, 1]), outputs=st.permutations([0, 1]))
def test_permuted_channels_give_permuted_results(inputs, outputs):
    model = make_model(output_lags=((1, 2), (1, 2)), input_lags=((0, 1), (0, 1)))
    columns = [2 * j + k for j in outputs for k in (0, 1)]
    columns += [4 + 2 * i + k for i in inputs for k in (0, 1)]
    w, s = model.weights, model.scaling
    mixed = replace(
        model,
        weights=Weights(
            w.w_hid[:, columns],
            w.b_hid,
            w.w_out[outputs],
            w.linear[outputs][:, columns],
            w.bias[outputs],
        ),
        scaling=type(s)(
            s.input_mean[inputs],
            s.input_std[inputs],
            s.output_mean[outputs],
            s.output_std[outputs],
            s.increment_std[outputs],
        ),
        inputs=tuple(model.inputs[i] for i in inputs),
        outputs=tuple(model.outputs[j] for j in outputs),
    )
    a, b = free_run(model, record()), free_run(mixed, record())
    np.testing.assert_allclose(b.simulated, a.simulated[:, outputs], atol=1e-11)


def test_a_model_runs_itself():
    model, flight = make_model(), record()
    assert np.array_equal(model.simulate(flight).simulated, free_run(model, flight).simulated)
    windows = windowed_run(model, flight, 1.0).simulated
    assert np.array_equal(model.simulate(flight, 1.0).simulated, windows)
    assert np.array_equal(model.predict(flight).simulated, one_step(model, flight).simulated)
