"""The simple phones of SIPp, tried on the dialplan and on an application of a few lines."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from ari_app.local.asterisk import LocalAsterisk, SipAccount
from tests.acceptance import phones as scenarios
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phones import Sipp
from tests.acceptance.sipp_scenario import Caller
from tests.acceptance.small_application import SmallApplication
from tests.patience import PATIENCE_SECONDS
from tests.place import address

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_many_citizens_call_and_hang_up(carrier_sipp: Sipp) -> None:
    result = await carrier_sipp.run(scenarios.citizen_calls("140119", hold_seconds=0.3), calls=30, per_second=20)
    assert (result.created, result.successful, result.failed) == (30, 30, 0), result.complaint
    assert len(result.answer_ms) == 30


async def test_a_citizen_is_rung_off_by_the_other_side(carrier_sipp: Sipp, small_application: SmallApplication) -> None:
    async with carrier_sipp.start(scenarios.citizen_calls("140119", hold_seconds=60)) as calling:
        channel = await small_application.arrival()
        await small_application.answer(channel)
        await small_application.remote.order("DELETE", f"channels/{channel}")
        result = await calling.ended()
    assert (result.successful, result.failed) == (1, 0), result.complaint


async def test_a_citizen_presses_keys(carrier_sipp: Sipp, small_application: SmallApplication) -> None:
    async with carrier_sipp.start(scenarios.citizen_calls("140119", hold_seconds=0.5, keys="1230*#")) as calling:
        channel = await small_application.arrival()
        await small_application.answer(channel)
        result = await calling.ended()
    assert result.failed == 0, result.complaint
    assert small_application.keys[channel] == "1230*#"


async def test_an_operator_dials_in_with_number_and_pin(
    asterisk: LocalAsterisk, desk_sipp: Sipp, small_application: SmallApplication
) -> None:
    operator = scenarios.operator_dials_in(asterisk.accounts[0], "101", "4711", stay_seconds=60)
    async with desk_sipp.start(operator) as dialling:
        arrival = await small_application.arrival_event()
        assert arrival["args"][0] == "operator"
        channel = arrival["channel"]["id"]
        await small_application.answer(channel)
        while small_application.keys.get(channel) != "101#4711#":
            await small_application.next_event()
        await small_application.remote.order("DELETE", f"channels/{channel}")
        result = await dialling.ended()
    assert result.failed == 0, result.complaint


async def test_a_citizen_gives_up_before_the_answer(carrier_sipp: Sipp, small_application: SmallApplication) -> None:
    result = await carrier_sipp.run(scenarios.citizen_gives_up("140119", patience_seconds=0.3))
    assert result.failed == 0, result.complaint
    assert [row.answered_at for row in small_application.recorded()] == [None]


async def test_a_citizen_who_gives_up_too_late_is_a_failed_call(
    carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    async with carrier_sipp.start(scenarios.citizen_gives_up("140119", patience_seconds=10)) as calling:
        channel = await small_application.arrival()
        await small_application.answer(channel)
        result = await calling.ended()
        await small_application.remote.order("DELETE", f"channels/{channel}")
    assert result.failed == 1


async def test_a_citizen_hears_for_free_that_it_is_closed(
    carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    async with carrier_sipp.start(scenarios.citizen_is_refused("140119", 403, after_early_media=True)) as calling:
        channel = await small_application.arrival()
        await small_application.remote.order("POST", f"channels/{channel}/progress")
        await small_application.remote.order("DELETE", f"channels/{channel}", reason_code="21")
        result = await calling.ended()
    assert result.failed == 0, result.complaint


async def test_a_withheld_number_does_not_reach_the_application(
    carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    numbers = []
    for caller in (Caller(), Caller.withheld()):
        async with carrier_sipp.start(scenarios.citizen_calls("140119", 0.1, caller=caller)) as calling:
            arrival = await small_application.arrival_event()
            numbers.append(arrival["channel"]["caller"]["number"])
            await small_application.answer(arrival["channel"]["id"])
            assert (await calling.ended()).failed == 0
    assert numbers == ["+31205551", ""]


GARBAGE = {
    "a display name of 300 characters": Caller(f'"{"n" * 300}" <sip:+31205550100@carrier.example>'),
    "a name that is no text": Caller('"\\"\\\\; DROP TABLE call; --" <sip:+31205550100@carrier.example>'),
    "a number of 300 digits": Caller(f"<sip:{'9' * 300}@carrier.example>"),
    "a number with signs": Caller("<sip:%00%0d%0a$(id)$%7BEXTEN%7D@carrier.example>"),
    "no user at all": Caller("<sip:carrier.example>"),
    "headers that nobody knows": Caller(
        headers="X-Long: " + "x" * 3000 + "\nDiversion: <sip:1>;reason=what\nP-X: ;;;=,"
    ),
    "an identity that is none": Caller(headers='P-Asserted-Identity: <tel:+31;x="""\nPrivacy: id;none;;session'),
    "a replaced call that never was": Caller(headers="Replaces: nothing@nowhere;to-tag=1;from-tag=2"),
}


@pytest.mark.parametrize("caller", GARBAGE.values(), ids=list(GARBAGE))
async def test_garbage_in_headers_harms_nobody(
    carrier_sipp: Sipp, small_application: SmallApplication, caller: Caller
) -> None:
    """Refused or taken: the exchange lives, and the next citizen is helped."""
    result = await carrier_sipp.run(scenarios.citizen_gives_up("140119", patience_seconds=0.2, caller=caller))
    assert result.created == 1
    after = await carrier_sipp.run(scenarios.citizen_gives_up("140119", patience_seconds=0.2))
    assert after.failed == 0, after.complaint


async def test_a_stranger_is_refused(exchange: Exchange, tmp_path: Path) -> None:
    stranger = Sipp(exchange, address(60), tmp_path)
    result = await stranger.run(scenarios.citizen_is_refused("140119", 401, after_early_media=False))
    assert result.failed == 0, result.complaint


async def test_a_phone_registers_only_with_its_password(asterisk: LocalAsterisk, desk_sipp: Sipp) -> None:
    account = asterisk.accounts[0]
    good = await desk_sipp.run(scenarios.phone_registers(account))
    assert good.failed == 0, good.complaint
    for wrong in (SipAccount(account.name, "wrong"), SipAccount("nobody", account.password)):
        refused = await desk_sipp.run(scenarios.phone_registers(wrong, expect_status=401))
        assert refused.failed == 0, refused.complaint


async def test_phones_answer_are_busy_and_stay_silent(
    asterisk: LocalAsterisk, carrier_sipp: Sipp, desk_sipp: Sipp
) -> None:
    willing, busy, silent = asterisk.accounts[:3]
    async with (
        await desk_sipp.registered(busy, scenarios.phone_is_busy(busy)) as declines,
        await desk_sipp.registered(silent, scenarios.phone_stays_silent(silent)) as rings,
        await desk_sipp.registered(willing, scenarios.phone_answers(willing, 0.5, 60)) as answers,
    ):
        citizen = await carrier_sipp.run(scenarios.citizen_calls("140119", hold_seconds=6))
        results = [await run.ended() for run in (declines, rings, answers)]
    for result in (citizen, *results):
        assert (result.successful, result.failed) == (1, 0), result.complaint


async def test_a_phone_that_never_acks_does_not_keep_its_channel(
    carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    async with carrier_sipp.start(scenarios.citizen_never_acks("140119")) as calling:
        channel = await small_application.arrival()
        await small_application.answer(channel)
        while small_application.recorded()[0].ended_at is None:
            await small_application.next_event()
        result = await calling.ended()
    assert result.failed == 0, result.complaint


async def test_a_run_that_cannot_end_is_ended(exchange: Exchange, tmp_path: Path) -> None:
    """The exchange is silent on another port: SIPp retransmits, fails, and says so."""
    nowhere = Sipp(Exchange(exchange.address, 9), address(21), tmp_path)
    async with asyncio.timeout(PATIENCE_SECONDS):
        result = await nowhere.run(scenarios.citizen_calls("140119", hold_seconds=0.1), slack_seconds=3)
    assert result.failed == 1
    assert "messages in" in result.complaint


async def test_a_run_that_cannot_begin_has_failed(carrier_sipp: Sipp) -> None:
    """Without a port it makes no call at all, and none of them went well."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((carrier_sipp.address, 0))
        scenario = scenarios.citizen_calls("140119", hold_seconds=0.1)
        async with carrier_sipp.start(scenario, calls=3, port=other.getsockname()[1]) as run:
            result = await run.ended()
    assert (result.created, result.failed) == (0, 3)
    assert result.exit_code != 0
