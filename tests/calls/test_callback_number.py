"""The number to call back: shown or keyed, read back digit by digit, confirmed; on fakes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.call import EndReason, FactKind
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import Confirmed, RequestReason
from tests.calls.requests import (
    SHOWN,
    TYPED,
    Make,
    asked_for_number,
    asking,
    is_over,
    spoken_digits,
    the_request,
)
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, VEENDIJK

pytestmark = pytest.mark.pure


async def test_the_shown_number_is_read_back_as_people_key_it(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    heard = world.switch.heard(citizen)
    start = heard.index("nl/terug-uw-nummer")
    assert spoken_digits(heard[start:]) == "0201234567"
    assert heard[-1] == "nl/terug-klopt-getoond"


async def test_another_number_is_keyed_read_back_and_confirmed(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    await world.press(citizen, "2")
    assert world.switch.heard(citizen)[-1] == "nl/terug-toets-nummer"
    before = len(world.switch.heard(citizen))
    await world.press(citizen, "0612345678#")
    assert spoken_digits(world.switch.heard(citizen)[before:]) == "0612345678"
    assert not world.callback_rows.requests
    await world.press(citizen, "1")
    assert (the_request(world).pii_number, the_request(world).number_confirmed_how) == (TYPED, Confirmed.TYPED)
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED


@pytest.mark.parametrize("keys", ["0612345678#", "0201*0612345678#", "0031612345678#"])
async def test_a_withheld_number_is_keyed_at_once(make_world: Make, keys: str) -> None:
    world, citizen = await asked_for_number(make_world, number="")
    assert world.switch.heard(citizen)[-1] == "nl/terug-toets-nummer"
    await world.press(citizen, f"{keys}1")
    assert (the_request(world).pii_number, the_request(world).number_confirmed_how) == (TYPED, Confirmed.TYPED)
    assert world.call(citizen).pii_caller_number is None


async def test_a_caller_who_forgets_the_hash_is_understood_after_a_while(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world, number="")
    await world.press(citizen, "0612345678")
    await world.clock.advance(8)
    await world.press(citizen, "1")
    assert the_request(world).pii_number == TYPED


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("0900123456#", "nl/terug-betaald"),
        ("0906123456#", "nl/terug-betaald"),
        ("1888#", "nl/terug-betaald"),
        ("112#", "nl/terug-geen-nummer"),
        ("140119#", "nl/terug-geen-nummer"),
        ("0119555001#", "nl/terug-eigen-nummer"),
        ("06123#", "nl/terug-geen-nummer"),
        ("#", "nl/terug-geen-nummer"),
        ("003225550123#", "nl/terug-buitenland"),
        ("00881612345678#", "nl/terug-buitenland"),
    ],
)
async def test_a_number_that_is_not_called_is_refused_with_the_reason(make_world: Make, keys: str, said: str) -> None:
    world, citizen = await asked_for_number(make_world, number="")
    await world.press(citizen, keys)
    assert world.switch.heard(citizen)[-2:] == [said, "nl/terug-toets-nummer"]
    await world.press(citizen, "0612345678#1")
    assert the_request(world).pii_number == TYPED


async def test_a_shown_number_that_is_not_called_is_refused_with_the_reason(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world, number="+3225550123")
    assert world.switch.heard(citizen)[-2:] == ["nl/terug-buitenland", "nl/terug-toets-nummer"]


async def test_a_caller_behind_the_exchange_of_the_town_hall_keys_another_number(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world, number=ESDAM_ALONE)
    assert world.switch.heard(citizen)[-2:] == ["nl/terug-eigen-nummer", "nl/terug-toets-nummer"]
    await world.press(citizen, "0612345678#1")
    assert the_request(world).pii_number == TYPED


async def test_a_number_of_a_country_that_the_area_opened_is_called(make_world: Make) -> None:
    world = make_world(area=replace(asking(), callable_countries=frozenset({"BE"})), now=CLOSED_AT)
    citizen = await world.citizen(ESDAM_ALONE, number="+3225550123")
    await world.clock.advance(6)
    await world.press(citizen, "11")
    assert the_request(world).pii_number == "+3225550123"


async def test_a_caller_who_asks_for_many_callbacks_is_refused_and_counted(make_world: Make) -> None:
    world = make_world(area=asking(most_per_caller=2), now=CLOSED_AT)
    for n in range(3):
        citizen = await world.citizen(ESDAM_ALONE, number=SHOWN)
        await world.clock.advance(6)
        await world.press(citizen, f"12061234567{n}#1")
    assert len(world.callback_rows.requests) == 2
    assert is_over(world, citizen) is EndReason.CLOSED
    assert "nl/terug-lukt-niet" in world.switch.heard(citizen)
    facts = world.ledger.told[world.call(citizen).id]
    assert [fact.detail for fact in facts if fact.kind is FactKind.CALLBACK_LIMITED] == [{"limit": "caller"}]


async def test_a_number_that_was_asked_for_often_is_not_promised_again(make_world: Make) -> None:
    world = make_world(area=asking(most_per_number=1), now=CLOSED_AT)
    now = world.clock.now()
    await world.callbacks.create_or_join(Wish(VEENDIJK, RequestReason.MENU, now, Confirmed.TYPED, TYPED), now)
    citizen = await world.citizen(ESDAM_ALONE, number=SHOWN)
    await world.clock.advance(6)
    await world.press(citizen, "120612345678#1")
    assert world.call(citizen).pii_callback_number is None
    assert [one.municipality for one in world.callback_rows.requests.values()] == [VEENDIJK]


async def test_three_numbers_may_be_keyed_and_then_it_is_over(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    await world.press(citizen, "2")
    for _ in range(3):
        assert world.call(citizen).is_open
        await world.press(citizen, "0612345678#2")
    assert is_over(world, citizen) is EndReason.CLOSED
    assert "nl/terug-lukt-niet" in world.switch.heard(citizen)
    assert not world.callback_rows.requests


async def test_without_a_confirmed_number_nothing_is_promised(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    await world.clock.advance(30)
    assert is_over(world, citizen) is EndReason.CLOSED
    assert not world.callback_rows.requests


async def test_three_hundred_digits_do_no_harm(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world, number="")
    await world.press(citizen, "7" * 300)
    await world.clock.advance(60)
    assert is_over(world, citizen) is EndReason.CLOSED
