"""Model files come back bit for bit, or are refused with one sentence."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from heliid.errors import ModelFileError
from heliid.export.json_text import readable
from heliid.export.model_files import (
    SCHEMA_FILE,
    checksum,
    load_model,
    model_hash,
    model_to_text,
    save_model,
)
from heliid.export.self_check import make_self_check, worst_difference
from heliid.model.network import NarxModel, Weights
from tests.export.export_models import SEEDS, random_model


def assert_refused(path, words: str) -> None:
    with pytest.raises(ModelFileError, match=words) as caught:
        load_model(path)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400


def resealed(document: dict) -> str:
    """What a clever forger would write: changed content with a right checksum."""
    return readable(document | {"sha256": checksum(document)})


@pytest.fixture
def document() -> dict:
    return json.loads(model_to_text(random_model(3)))


@pytest.mark.parametrize("seed", SEEDS)
def test_model_comes_back_bit_for_bit(seed, tmp_path):
    model = random_model(seed)
    again = load_model(save_model(model, tmp_path / "model.json"))
    assert again.to_dict() == model.to_dict()
    assert model_hash(again) == model_hash(model)
    for name in Weights.__dataclass_fields__:
        ours, theirs = getattr(model.weights, name), getattr(again.weights, name)
        assert ours.tobytes() == theirs.tobytes()


def test_second_save_gives_the_same_bytes(tmp_path):
    first = save_model(random_model(1), tmp_path / "a.json")
    second = save_model(load_model(first), tmp_path / "b.json")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_file_keeps_to_the_published_schema(seed):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(model_to_text(random_model(seed))), schema)


def test_scores_that_are_not_finite_become_null(tmp_path):
    model = replace(random_model(2), scores={"a": float("inf"), "b": np.float64(1.5)})
    assert load_model(save_model(model, tmp_path / "m.json")).scores == {"a": None, "b": 1.5}


def test_model_with_nan_weight_is_not_saved(tmp_path):
    model = random_model(3)
    bias = np.full_like(model.weights.bias, np.nan)
    target = save_model(model, tmp_path / "m.json")
    before = target.read_bytes()
    with pytest.raises(ModelFileError, match="not finite"):
        save_model(replace(model, weights=replace(model.weights, bias=bias)), target)
    assert target.read_bytes() == before


def test_unwritable_folder_is_one_sentence(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("x")
    with pytest.raises(ModelFileError, match="choose another folder"):
        save_model(random_model(0), blocker / "m.json")


def test_missing_file_folder_and_pipe_are_refused(tmp_path):
    assert_refused(tmp_path / "nothing.json", "cannot be opened")
    assert_refused(tmp_path, "not an ordinary file")
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    assert_refused(pipe, "not an ordinary file")
    assert_refused(tmp_path / "a\0b", "cannot be opened")


def test_too_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "big.json"
    with path.open("wb") as stream:
        stream.truncate(65 * 2**20)
    assert_refused(path, "65 MiB")


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "m.json"
    raw = model_to_text(random_model(5)).encode()
    for end in [0, 1, 2, *range(3, len(raw) - 2, 997), len(raw) - 2]:
        path.write_bytes(raw[:end])
        assert_refused(path, "cannot be read as a model file")


def test_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "m.json"
    raw = model_to_text(random_model(5)).encode()
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(raw), 200):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(bytes(damaged))
        try:
            model = load_model(path)
        except ModelFileError:
            continue
        assert model.to_dict() == random_model(5).to_dict()  # only white space was hit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("not json", "cannot be read"),
        ("[1, 2]", "not a HeliID model file"),
        ('{"format": "heliid-model"}', "format version"),
        ('{"format": "heliid-model", "format_version": true}', "format version"),
        ('{"format": "heliid-model", "format_version": 99}', "newer HeliID"),
        ('{"format": "heliid-model", "format_version": 1}', "checksum"),
        ('{"format": "heliid-model", "format_version": 1, "dt": NaN}', "cannot be read"),
        ('{"format": "heliid-model", "format_version": 1, "dt": 1e999}', "cannot be read"),
        ('{"format": "heliid-model", "format": "x"}', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"a": ' * 70 + "1" + "}" * 70, "cannot be read"),
        ('{"format_version": ' + "9" * 100_000 + "}", "cannot be read"),
    ],
)
def test_hostile_text_is_refused(text, words, tmp_path):
    path = tmp_path / "m.json"
    path.write_text(text)
    assert_refused(path, words)


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "m.json"
    path.write_bytes(model_to_text(random_model(0)).encode("utf-16"))
    assert_refused(path, "cannot be read")
    path.write_bytes(b"\x00\xff\xfe" * 100)
    assert_refused(path, "cannot be read")


def test_byte_order_mark_and_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "m.json"
    text = model_to_text(random_model(0)).replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_model(path).to_dict() == random_model(0).to_dict()


def test_edited_weight_is_refused(document, tmp_path):
    path = tmp_path / "m.json"
    document["weights"]["bias"][0] += 1e-9
    path.write_text(json.dumps(document))
    assert_refused(path, "checksum")


def test_edited_weight_with_a_new_checksum_fails_the_self_check(document, tmp_path):
    path = tmp_path / "m.json"
    document["weights"]["bias"][0] += 1e-9
    path.write_text(resealed(document))
    assert_refused(path, "self-check")


def _set(*path_and_value):
    *path, last, value = path_and_value

    def change(document):
        for key in path:
            document = document[key]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("weights", "bias", []), "weights.bias"),
        (_set("weights", "bias", "0"), "weights.bias"),
        (_set("weights", "bias", 0, True), "weights.bias"),
        (_set("weights", "bias", 0, None), "weights.bias"),
        (_set("weights", "bias", 0, 1e13), "weights.bias"),
        (_set("weights", "linear", 0, [1.0]), "weights.linear"),
        (_set("weights", "w_hid", [[1.0]] * 1000), "weights.w_hid"),
        (_set("weights", None), "weights"),
        (_set("structure", "n_hidden", -1), "hidden"),
        (_set("structure", "n_hidden", 10**9), "hidden"),
        (_set("structure", "n_hidden", 2.0), "hidden"),
        (_set("structure", "input_lags", 0, [0] * 19_000), "weights"),
        (_set("structure", "output_lags", 0, 0, 0), "lag"),
        (_set("structure", "output_lags", 0, 0, 10**17), "lag"),
        (_set("structure", "input_lags", []), "lags"),
        (_set("structure", "memory", [[99, 0.5]]), "memory"),
        (_set("structure", "memory", [[0, 0.0]]), "leak"),
        (_set("scaling", "output_std", 0, 0.0), "output_std"),
        (_set("scaling", "input_mean", {}), "input_mean"),
        (_set("channels", "inputs", []), "inputs"),
        (_set("channels", "inputs", 0, "name", "x" * 10_000_000), "letters"),
        (_set("channels", "inputs", 0, "name", "a\nb"), "cannot be shown"),
        (_set("channels", "inputs", 0, "name", ""), "letters"),
        (_set("channels", "inputs", 0, "path", "../../etc/passwd"), "name with its units"),
        (_set("channels", "envelope", 0, [2.0, 1.0]), "envelope"),
        (_set("channels", "envelope", [[0.0, 1.0]]), "envelope"),
        (_set("dt", 0.0), "sample time"),
        (_set("dt", -1.0), "sample time"),
        (_set("filter_hz", -1.0), "filter"),
        (_set("trim_rule", "__import__('os')"), "trim rule"),
        (_set("unheard_of", 1), "does not know"),
        (_set("structure", "unheard_of", 1), "does not know"),
        (_set("self_check", None), "self-check"),
        (_set("self_check", "outputs", []), "self-check"),
        (_set("self_check", {"inputs": [[0.0] * 4] * 5000, "outputs": [[0.0]] * 5000}), "length"),
        (_set("self_check", "inputs", 0, []), "self-check"),
        (_set("provenance", []), "provenance"),
    ],
)
def test_wrong_content_with_a_right_checksum_is_refused(change, words, document, tmp_path):
    path = tmp_path / "m.json"
    change(document)
    path.write_text(resealed(document))
    assert_refused(path, words)


def test_file_names_in_messages_are_short_and_printable(tmp_path):
    path = tmp_path / ("x" * 200 + "\x1b[31m.json")
    path.write_text("{}")
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_unstable_model_gets_a_shorter_self_check_that_still_passes(tmp_path):
    model = random_model(4)
    linear = np.array(model.weights.linear)
    linear[:, : len(model.structure.taps()[0])] += 1.0
    wild = replace(model, weights=replace(model.weights, linear=linear))
    check = make_self_check(wild)
    assert len(check.u) < len(make_self_check(model).u)
    assert worst_difference(wild, check) <= 1e-12
    assert isinstance(load_model(save_model(wild, tmp_path / "m.json")), NarxModel)
