import itertools
import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliid.errors import SettingsError
from heliid.model.structure import Structure
from heliid.search.encoding import (
    Encoding,
    parse_order,
    structure_from_text,
    structure_text,
)


@dataclass(frozen=True)
class Orders:
    na_max: int = 3
    nb_max: int = 4
    nk_max: int = 2
    spacing_max: int = 3
    hidden_max: int = 5
    output_spacing_max: int = 1
    nb_min: int = 0
    leak_max: int = 0


def test_structure_spreads_the_taps():
    encoding = Encoding(Orders(), 1, 2)
    structure = encoding.structure((1, 2, 4, 1, 3, 2))
    assert structure == Structure(((1,), (1, 2)), ((1, 4, 7, 10),), 2)


def test_canonical_clears_genes_without_effect():
    encoding = Encoding(Orders(), 2, 1)
    assert encoding.canonical((2, 0, 2, 3, 1, 2, 3, 4)) == (2, 0, 0, 1, 1, 2, 1, 4)


def test_canonical_gives_the_first_input_a_tap_when_none_is_used():
    encoding = Encoding(Orders(), 2, 1)
    assert encoding.canonical((2, 0, 0, 1, 0, 0, 1, 4)) == (2, 1, 0, 1, 0, 0, 1, 4)


genes = st.lists(st.integers(-2, 9), min_size=10, max_size=10)


@settings(max_examples=200, deadline=None)
@given(genes)
def test_equal_structures_are_equal_genomes(values):
    encoding = Encoding(Orders(output_spacing_max=2), 2, 1, output_groups=(0,))
    genome = values[:9]
    canonical = encoding.canonical(genome)
    assert encoding.canonical(canonical) == canonical
    assert encoding.structure(genome) == encoding.structure(canonical)
    assert encoding.genome(encoding.structure(genome)) == canonical
    assert encoding.parse(encoding.text(genome)) == canonical
    assert structure_from_text(encoding.text(genome), 2, 1) == encoding.structure(genome)


def test_n_points_counts_the_canonical_genomes():
    from itertools import product

    for orders in (Orders(2, 2, 1, 2, 1), Orders(3, 2, 1, 2, 1, 2), Orders(2, 2, 1, 2, 1, 1, 1)):
        encoding = Encoding(orders, 2, 1)
        box = encoding.bounds
        ranges = [range(int(a), int(b) + 1) for a, b in zip(box.low, box.high, strict=True)]
        assert encoding.n_points == len({encoding.canonical(g) for g in product(*ranges)})


def test_text_is_short_when_channels_agree_and_lists_them_when_not():
    encoding = Encoding(Orders(), 1, 4)
    assert encoding.text((1, 1, 1, 1, 4, 0, 3, 4)) == "na=1,nb=4,nk=0,spacing=3,h=4"
    assert encoding.text((1, 2, 1, 1, 4, 0, 3, 4)) == "na=1/2/1/1,nb=4,nk=0,spacing=3,h=4"


def test_groups_share_genes():
    encoding = Encoding(Orders(), 2, 4, output_groups=(0, 0, 1, 1), input_groups=(0, 0))
    assert encoding.dim == 6
    structure = encoding.structure((1, 2, 3, 0, 1, 0))
    assert structure.output_lags == ((1,), (1,), (1, 2), (1, 2))
    assert structure.input_lags == ((0, 1, 2), (0, 1, 2))
    with pytest.raises(SettingsError, match="share one gene"):
        encoding.parse("na=1/2/1/1,nb=3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not understood"),
        ("na=1", "does not say nb"),
        ("nb=1,h=2", "does not say na"),
        ("na=1,nb=2,foo=3", "'foo=3'"),
        ("na=1,na=2,nb=1", "stands twice"),
        ("na=-1,nb=2", "whole number"),
        ("na=1.5,nb=2", "whole number"),
        ("na=1,nb=2/3/4", "3 values for 2 channels"),
        ("na=1,nb=2,spacing=0", "at least 1"),
        ("na=9,nb=2", "outside the box of this study, 1 to 3"),
        ("na=²,nb=2", "whole number"),
    ],
)
def test_parse_says_what_is_wrong(text, words):
    with pytest.raises(SettingsError, match=words):
        Encoding(Orders(), 2, 1).parse(text)


def test_parse_fills_in_the_usual():
    assert parse_order("na=2, nb=3", 2, 1) == {
        "na": [2],
        "nb": [3, 3],
        "nk": [0, 0],
        "spacing": [1, 1],
        "leak": [0],
        "yspacing": [1],
        "h": [0],
    }


def test_structure_text_lists_uneven_lags():
    uneven = Structure(((1,),), ((1, 4, 8, 14),), 2)
    assert structure_text(uneven) == "lags=1/1+4+8+14,h=2"
    assert structure_text(Structure(((1, 2),), ((0, 3),), 0)) == "na=2,nb=2,nk=0,spacing=3,h=0"
    with pytest.raises(SettingsError, match="cannot express"):
        Encoding(Orders(nb_max=4, nk_max=4), 1, 1).genome(uneven)


def test_first_members_are_clipped_into_the_box():
    encoding = Encoding(Orders(na_max=1), 1, 1)
    arx, guess = encoding.first_members(encoding.spread_guess(0.02))
    assert encoding.text(arx) == "na=1,nb=2,nk=1,spacing=1,h=0"
    assert encoding.text(guess) == "na=1,nb=4,nk=0,spacing=3,h=2"


def test_winner_on_a_bound_is_told():
    encoding = Encoding(Orders(), 2, 1)
    sentences = encoding.on_bound(encoding.parse("na=3,nb=4/1,nk=0,spacing=1,h=5"))
    assert len(sentences) == 3
    assert "na = 3 (output lags)" in sentences[0]
    assert "input taps of input 1" in sentences[1]
    assert "h = 5 (hidden units)" in sentences[2]
    assert encoding.on_bound(encoding.parse("na=1,nb=1,nk=0,spacing=1,h=0")) == ()


@pytest.mark.parametrize(
    ("box", "words"),
    [(Orders(na_max=0), "from 1 to 0"), (Orders(nb_max=0), "no input taps")],
)
def test_impossible_boxes_are_refused(box, words):
    with pytest.raises(SettingsError, match=words):
        Encoding(box, 1, 1)


def test_groups_with_holes_are_refused():
    with pytest.raises(SettingsError, match="without holes"):
        Encoding(Orders(), 2, 1, input_groups=(0, 2))


def test_a_known_integral_may_do_without_lags() -> None:
    encoding = Encoding(Orders(na_max=2, nb_max=1, nk_max=0, hidden_max=0), 1, 2, integrals=(1,))
    genomes = {
        encoding.canonical(genome)
        for genome in itertools.product(range(3), range(3), [1], [0], [1], [0])
    }
    assert len(genomes) == encoding.n_points
    assert encoding.structure((1, 0, 1, 0, 1, 0)).output_lags == ((1,), ())
    assert encoding.structure((0, 0, 1, 0, 1, 0)).output_lags == ((1,), ())
    assert encoding.text(encoding.parse("na=2/0,nb=1")) == "na=2/0,nb=1,nk=0,spacing=1,h=0"
    with pytest.raises(SettingsError, match="outside the box"):
        encoding.parse("na=0/1,nb=1")
    assert encoding.parse(encoding.small_guess().replace("nb=3", "nb=1").replace("h=1", "h=0"))


def test_memory_gene_gives_every_input_in_use_a_leaky_copy():
    encoding = Encoding(Orders(leak_max=5), 2, 1)
    assert encoding.gene_labels[-2:] == ("leak", "h")
    structure = encoding.structure((1, 0, 0, 1, 2, 0, 1, 3, 4))
    leak = 1.0 - math.exp(-1.0 / 16)
    assert structure == Structure(((1,),), ((), (0, 1), (0,)), 4, memory=((1, leak),))
    assert structure_text(structure) == "na=1,nb=0/2,nk=0,spacing=1,leak=16,h=4"
    assert encoding.genome(structure) == (1, 0, 0, 1, 2, 0, 1, 3, 4)


@settings(max_examples=100, deadline=None)
@given(genes)
def test_memory_goes_to_structure_and_text_and_back(values):
    encoding = Encoding(Orders(leak_max=4), 2, 1)
    genome = encoding.canonical(values[:9])
    assert encoding.genome(encoding.structure(genome)) == genome
    assert encoding.parse(encoding.text(genome)) == genome
    assert structure_text(encoding.structure(genome)) == encoding.text(genome)


def test_memory_that_genes_cannot_say_is_refused_or_listed():
    encoding = Encoding(Orders(leak_max=4), 1, 1)
    with pytest.raises(SettingsError, match=r"leak=9 .* is not one of the search's"):
        encoding.parse("na=1,nb=2,leak=9")
    with pytest.raises(SettingsError, match=r"leak=64 .* outside the box of this study, 0 to 32"):
        encoding.parse("na=1,nb=2,leak=64")
    with pytest.raises(SettingsError, match=r"leak=8 .* outside the box of this study, 0 to 0"):
        Encoding(Orders(), 1, 1).parse("na=1,nb=2,leak=8")
    two = Structure(((1,),), ((0,), (0,), (0,)), 0, memory=((0, 0.2), (0, 0.1)))
    assert structure_text(two) == "lags=1/0/0/0,h=0"
    assert encoding.clip("na=1,nb=2,leak=20") == encoding.parse("na=1,nb=2,leak=16")
    assert structure_from_text("na=1,nb=1,leak=9", 1, 1).memory == ((0, 1.0 - math.exp(-1 / 9)),)


def test_points_with_memory_are_counted():
    encoding = Encoding(Orders(2, 2, 1, 2, 1, leak_max=2), 2, 1)
    assert encoding.n_points == 3 * Encoding(Orders(2, 2, 1, 2, 1), 2, 1).n_points
    (said,) = encoding.on_bound((1, 1, 0, 1, 1, 0, 1, 2, 0))
    assert "leak = 8 (time constant of leaky inputs, samples)" in said
