"""One layout behind all targets: names, units, trims, the test vector, and the app's numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heliid.data.record import Channel
from heliid.errors import ExportError
from heliid.export.names import (
    c_comment,
    c_string,
    csv_cell,
    file_stem,
    identifier,
    is_matlab_name,
    unique,
)
from heliid.export.portable import TIME_RULE, facts, heading, in_units, make_portable
from heliid.export.reference import free_run_plain
from heliid.export.verify import make_cases
from tests.export.export_models import (
    SEEDS,
    app_case,
    random_model,
    trex_like,
    trex_records,
    worst_error,
)


def reference_run(portable, case) -> np.ndarray:
    """The slow form on one case, in the units of the export."""
    u, y_start = case.u - case.u_trim, case.y[: portable.n_start] - case.y_trim
    return free_run_plain(in_units(portable), u.tolist(), y_start.tolist()).y + case.y_trim


@pytest.mark.parametrize("units", ["si", "file"])
@pytest.mark.parametrize("seed", SEEDS)
def test_slow_form_is_the_app_in_any_units(seed, units):
    portable = make_portable(random_model(seed), units=units)
    case = app_case(portable, seed)
    assert worst_error(portable, case, reference_run(portable, case)) <= 1e-12


def test_slow_form_is_the_app_on_a_flight():
    portable = make_portable(trex_like())
    case = make_cases(portable, trex_records()[:1])[1]
    assert worst_error(portable, case, reference_run(portable, case)) <= 1e-12


def test_divergence_holds_the_last_good_sample_as_the_app_does():
    portable = make_portable(trex_like())
    case = make_cases(portable, trex_records()[2:])[1]
    run = free_run_plain(
        in_units(portable),
        (case.u - case.u_trim).tolist(),
        (case.y[: portable.n_start] - case.y_trim).tolist(),
    )
    assert run.diverged is not None
    assert np.all(run.y[run.diverged :] == run.y[run.diverged - 1])
    assert np.all(case.y[run.diverged :] == case.y[run.diverged - 1])


def test_unit_with_an_offset_keeps_the_numbers():
    model = random_model(6)
    scaling = replace(model.scaling, output_std=np.full(model.scaling.output_std.shape, 5.0))
    outputs = tuple(Channel.of(f"t{k}", "degC") for k in range(len(model.outputs)))
    warm = replace(model, scaling=scaling, outputs=outputs)
    portable = make_portable(warm, units="file")
    case = app_case(portable)
    assert worst_error(portable, case, reference_run(portable, case)) <= 1e-12
    si = app_case(make_portable(warm))
    assert np.allclose(case.y + 273.15, si.y, rtol=1e-12)


def test_trim_comes_from_provenance_and_can_be_given():
    model = next(m for m in map(random_model, SEEDS) if m.trim_rule != "none")
    n_in, n_out = len(model.inputs), len(model.outputs)
    assert not make_portable(model).trim_is_known
    stored = {"trim": {"inputs": [1.0] * n_in, "outputs": [2.0] * n_out}}
    known = make_portable(replace(model, provenance=stored))
    assert known.trim_is_known
    assert [c.trim for c in known.inputs] == [1.0] * n_in
    given = make_portable(model, trim=([3.0] * n_in, [4.0] * n_out))
    assert [c.trim for c in given.outputs] == [4.0] * n_out
    with pytest.raises(ExportError, match="trim must be"):
        make_portable(model, trim=([1.0], [float("nan")] * n_out))


def test_absolute_model_starts_at_the_training_mean():
    model = next(m for m in map(random_model, SEEDS) if m.trim_rule == "none")
    portable = make_portable(model)
    assert [c.trim for c in portable.outputs] == model.scaling.output_mean.tolist()
    assert all(c.offset == 0.0 for c in portable.channels)


def test_unknown_units_are_refused():
    with pytest.raises(ExportError, match="choose 'si' or 'file'"):
        make_portable(random_model(0), units="imperial")


def test_unsound_model_is_refused():
    model = random_model(3)
    bias = np.full_like(model.weights.bias, np.nan)
    with pytest.raises(ExportError, match="cannot be exported"):
        make_portable(replace(model, weights=replace(model.weights, bias=bias)))


def test_every_artefact_says_the_same_about_time_units_start_and_licence():
    portable = make_portable(trex_like())
    text = " ".join(" ".join(heading(portable)).split())
    told = facts(portable)
    assert TIME_RULE in text
    assert told["time"] == TIME_RULE
    for wanted in ("stick_lon [-]", "training envelope", "CC0", portable.sha256, "7 given samples"):
        assert wanted in text
    for key in ("dt", "n_start", "trim_rule", "licence", "provenance", "scores", "divergence"):
        assert key in told


@pytest.mark.parametrize(
    ("raw", "safe"),
    [("q", "q"), ("1st stick", "x1st_stick"), ("θ nick", "nick"), ("*/", "x"), ("a  b", "a_b"),
     ("é", "e"), ("", "x"), ("a" * 99, "a" * 40)],
)  # fmt: skip
def test_identifier_is_plain_ascii(raw, safe):
    assert identifier(raw) == safe


def test_identifiers_differ_even_in_case():
    assert unique(["a", "A", "a", "b"]) == ["a", "A_2", "a_3", "b"]


@pytest.mark.parametrize("text", ["*/ int x;", "??/", "a\\", "a\nb", "/* x", "ends with *"])
def test_comment_cannot_be_left(text):
    safe = c_comment(text)
    assert "*/" not in safe
    assert "/*" not in safe
    assert "??" not in safe
    assert "\n" not in safe
    assert not safe.endswith(("\\", "*", "/"))


def test_c_string_is_ascii_with_octal():
    assert c_string('a"b\\θ?') == '"a\\042b\\134\\316\\270\\077"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-u", "@x", "\tx", "=cmd|'/C calc'!A0"])
def test_csv_text_is_never_a_formula(text):
    assert csv_cell(text).lstrip('"').startswith("'") or not text.startswith(("=", "+", "-", "@"))
    assert csv_cell("a,b") == '"a,b"'


def test_file_stem_has_no_path_in_it():
    assert file_stem("../../etc/passwd") == "_.._etc_passwd"
    assert file_stem("...") == "heliid_model"
    assert is_matlab_name("pitch_2")
    assert not is_matlab_name("end")
    assert not is_matlab_name("2nd")
