"""Which screens a change concerns: found by their region, scope, operator and card, and never one that has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import uuid4

import pytest

from ari_app.core.access import Actor, Grant, Role, Scope
from ari_app.core.ids import AccountId, CallId, MunicipalityCode, OperatorNumber
from ari_app.web.live.audience import Audience
from ari_app.web.live.rendering_loop import RenderingLoop
from ari_app.web.live.screen import AT_ONCE, BREATH_SECONDS, Page, Region, Screen, put_by_turns

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


def desk(scope: Scope, operator: str | None = "101") -> Screen:
    number = None if operator is None else OperatorNumber(operator)
    return Screen(None, Actor(AccountId(uuid4()), "anna", "Anna", number, (Grant(Role.OPERATOR, scope),)), Page.DESK)


def test_a_change_of_a_municipality_concerns_those_who_may_read_of_it() -> None:
    audience = Audience()
    wierdam, both, group = desk(frozenset({WIERDAM})), desk(frozenset({WIERDAM, ELDERLO})), desk(None)
    for screen in (wierdam, both, group):
        audience.add(screen)
    assert set(audience.readers(Region.QUEUE, frozenset({WIERDAM}))) == {wierdam, both, group}
    assert set(audience.readers(Region.QUEUE, frozenset({ELDERLO}))) == {both, group}
    assert audience.readers(Region.QUEUE, frozenset()) == [group], "what is nobody's is the group's"
    assert audience.readers(Region.BOARD, frozenset({WIERDAM})) == []
    assert set(audience.showing(Region.QUEUE)) == set(audience) == {wierdam, both, group}


def test_a_call_concerns_the_desks_whose_card_shows_it_as_long_as_it_does() -> None:
    audience, first, second = Audience(), CallId(uuid4()), CallId(uuid4())
    screens = [desk(frozenset({WIERDAM})) for _ in range(2)]
    for screen in screens:
        audience.add(screen)
        screen.card_call = first
    audience.cards_changed(screens)
    assert set(audience.with_card(first)) == set(screens)
    screens[0].card_call = second
    audience.cards_changed(screens)
    assert set(audience.with_card(first)) == {screens[1]} and set(audience.with_card(second)) == {screens[0]}
    screens[0].card_call = None
    audience.cards_changed(screens)
    assert not audience.with_card(second)


def test_a_screen_that_has_gone_is_found_nowhere_also_when_its_card_is_read_after_that() -> None:
    audience, call = Audience(), CallId(uuid4())
    gone = desk(frozenset({WIERDAM}))
    audience.add(gone)
    gone.card_call = call
    audience.cards_changed([gone])
    audience.discard(gone)
    audience.cards_changed([gone])
    assert not audience.with_card(call) and not audience.of_operator(OperatorNumber("101"))
    assert len(audience) == 0 and gone not in audience
    assert audience.showing(Region.CARD) == audience.readers(Region.CARD, None) == []
    audience.discard(gone)


async def test_what_goes_to_many_screens_lets_others_have_their_turn() -> None:
    screens = [desk(frozenset({WIERDAM})) for _ in range(2 * AT_ONCE + 1)]
    putting = asyncio.create_task(put_by_turns(Region.QUEUE, screens, "html"))
    await asyncio.sleep(0)
    assert [screen.has(Region.QUEUE) for screen in screens].count(True) == AT_ONCE
    assert await putting >= 2 * BREATH_SECONDS
    assert all(screen.shown(Region.QUEUE) == "html" for screen in screens)
    assert await put_by_turns(Region.QUEUE, screens[:AT_ONCE], "other") == 0, "a few are written to at once"


async def test_the_turns_of_others_do_not_make_a_region_rare() -> None:
    async def show(region: Region, screens: Iterable[Screen]) -> float:
        await asyncio.sleep(0.2)
        return 0.2

    loop = RenderingLoop(show, Audience(), lambda region: 2.0)
    assert await loop._show_all({Region.QUEUE: {desk(None)}})
    assert loop._due[Region.QUEUE] - asyncio.get_running_loop().time() == pytest.approx(2.0, abs=1.0)
