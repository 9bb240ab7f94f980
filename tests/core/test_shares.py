"""Fair shares: the guaranteed part, the lent part, and the part that is kept free."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.core.ids import MunicipalityCode
from ari_app.core.shares import KEPT_SHARE, Shares, too_much_promised

pytestmark = pytest.mark.pure

A, B, C, D = (MunicipalityCode(f"GM990{n}") for n in range(1, 5))


@pytest.mark.parametrize(
    ("shares", "who", "may"),
    [
        (Shares(None, 4, {A: 10_000}), {A}, True),  # no limit is set
        (Shares(100, 4), {A}, True),
        (Shares(100, 4, {A: 89}), {A}, True),  # lent by the others
        (Shares(100, 4, {A: 90}), {A}, False),  # the rest is kept for them
        (Shares(100, 4, {A: 90}), {B}, True),
        (Shares(100, 4, {A: 90, B: 9}), {B}, True),
        (Shares(100, 4, {A: 90, B: 10}), {B}, False),  # full: nobody is given up for a new caller
        (Shares(100, 4, {A: 25, B: 25, C: 25, D: 24}), {D}, True),
        (Shares(100, 4, {A: 25, B: 25, C: 25, D: 24}), {A}, False),  # kept for D
        (Shares(100, 4, {A: 26, B: 25, C: 25, D: 25}), {A}, False),
        (Shares(100, 4, {A: 24, B: 25, C: 25, D: 26}), {A, B}, False),  # full, whomever they would choose
        (Shares(100, 4, {A: 90}), {A, B}, True),  # they may choose B
        (Shares(100, 4, {A: 30}, unknown=60), {A, B}, False),  # so many choose already
        (Shares(10, 342, {A: 8}), {A}, True),
        (Shares(10, 342, {A: 9}), {A}, False),
        (Shares(10, 342, {A: 9}), {B}, True),  # everybody is guaranteed one
        (Shares(None, 4, {A: 80, B: 5}, is_strained=True), {A}, False),
        (Shares(None, 4, {A: 80, B: 5}, is_strained=True), {B}, True),
        (Shares(1000, 4, {A: 80, B: 22}, is_strained=True), {B}, True),
        (Shares(1000, 4, {A: 80, B: 30}, is_strained=True), {B}, False),
        (Shares(100, 1, {A: 99}), {A}, True),  # nobody to keep anything for
        (Shares(100, 1, {A: 100}), {A}, False),
        (Shares(100, 4, {A: 90}), set(), True),  # a number that is nobody's is told so
    ],
)
def test_may_one_more_come_in(shares: Shares, who: set[MunicipalityCode], may: bool) -> None:
    assert shares.may_enter(who) is may


@given(seed=st.integers(0, 10**6), capacity=st.integers(8, 80), storm=st.integers(2, 15), towns=st.integers(2, 6))
@settings(deadline=None, max_examples=25)
def test_a_storm_does_not_push_out_the_ordinary_calls_of_others(
    seed: int, capacity: int, storm: int, towns: int
) -> None:
    """One municipality calls without end; the others call now and then, and at last as much as they may."""
    chance = random.Random(seed)
    first, *others = [MunicipalityCode(f"GM{n:04}") for n in range(towns)]
    live: Counter[MunicipalityCode] = Counter()
    guaranteed = max(1, capacity // towns)

    def call(who: MunicipalityCode) -> None:
        shares = Shares(capacity, towns, dict(live))
        may, before = shares.may_enter({who}), live[who]
        if shares.total < capacity and before < guaranteed:
            assert may, "its guaranteed share, while there is room"
        live[who] += may
        assert live.total() <= capacity
        if who == first and may and before >= guaranteed:
            missing = sum(max(0, guaranteed - live[other]) for other in others)
            assert capacity - shares.total > min(KEPT_SHARE * capacity, missing), "what is kept is not lent"

    for number in range(90):
        callers = [first] * storm + chance.choices(others, k=2)
        chance.shuffle(callers)
        if number > 30:  # they want all that they may have
            callers = others * guaranteed + callers
        for who in callers:
            if who == first or live[who] < guaranteed:
                call(who)
        if number < 89:
            for who in list(live.elements()):
                live[who] -= chance.random() < 0.2
    assert all(live[who] == guaranteed for who in others), "as the calls of the storm end, their share is theirs"


@pytest.mark.parametrize(
    ("capacity", "trunk_calls", "pairs", "says"),
    [
        (100, 100, 400, ""),
        (100, 110, 400, ""),  # a tenth hears why
        (100, 111, 400, "111 calls"),
        (20, 30, 100, ""),  # ten at least
        (20, 31, 100, "carries 20, and 10 hear why"),
        (100, 60, 100, "100 pairs"),
        (100, 60, 101, ""),
    ],
)
def test_what_is_promised_is_compared_with_what_is_carried(
    capacity: int, trunk_calls: int, pairs: int, says: str
) -> None:
    found = too_much_promised(capacity, trunk_calls, pairs)
    assert (says in found) if says else found == ""


@given(st.dictionaries(st.sampled_from([A, B, C, D]), st.integers(0, 60)), st.integers(0, 20), st.booleans())
def test_who_has_more_never_goes_before_who_has_less(
    live: dict[MunicipalityCode, int], unknown: int, is_strained: bool
) -> None:
    shares = Shares(100, 4, live, unknown, is_strained)
    may = {code: shares.may_enter({code}) for code in (A, B, C, D)}
    for more in may:
        for less in may:
            if live.get(more, 0) > live.get(less, 0) and may[more]:
                assert may[less]
