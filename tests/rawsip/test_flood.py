"""More calls than there is room for: the rest hears busy, operators keep theirs, and one caller does not get all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from ari_app.core.limits import BUSY, Limit
from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import TRUNK, cel, eventually
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import Call, SipPhone
from tests.rawsip.conftest import another_asterisk, logged_in
from tests.rawsip.message import Message

pytestmark = pytest.mark.asterisk

AGAIN_SECONDS = 2.0
PORTS, TRUNK_CALLS, CALLER_CALLS = 80, 24, 4  # forty pairs; a call that hears busy has one for a moment


@pytest.fixture
async def small_asterisk(
    asterisk: LocalAsterisk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[LocalAsterisk]:
    """Room for forty parties; citizens may have twenty-four of it by default, and one caller four."""
    monkeypatch.setenv("ARI_APP_CALLER_CALLS", str(CALLER_CALLS))
    directory = tmp_path_factory.mktemp("small")
    async with another_asterisk(asterisk, directory, rtp_ports=PORTS, trunk=[TRUNK]) as own:
        yield own


async def _final(phone: SipPhone, call: Call) -> Message:
    """The answer. While none comes the request is sent again, as every phone does: a busy machine loses datagrams."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await phone.take(lambda came: came.call_id == call.id and came.status >= 180, AGAIN_SECONDS)
            except TimeoutError:
                call.send("INVITE", body=call.sdp, again=True)


async def _flood(
    phone: SipPhone, count: int, *, numbers: bool = True, extra: str = ""
) -> tuple[list[Call], list[Call]]:
    """So many calls, a hundred in a second, none of them acknowledged; which got through, and which did not."""
    calls = []
    for number in range(count):
        sender = f"<sip:+3161{number:07}@example.org>" if numbers else None
        call = Call(phone, "140119", sender, extra)
        call.send("INVITE", body=call.sdp)
        calls.append(call)
        await asyncio.sleep(0.01)
    answers = [await _final(phone, call) for call in calls]
    assert {answer.status for answer in answers} <= {180, int(BUSY)}, Counter(answer.start for answer in answers)
    through = [call for call, answer in zip(calls, answers, strict=True) if answer.status == 180]
    return through, [call for call in calls if call not in through]


def _hang_up(calls: list[Call]) -> None:
    for call in calls:
        call.cancel()


async def test_given_a_flood_from_the_trunk_then_as_many_as_may_be_ring_the_rest_hears_busy_and_operators_get_through(
    small_asterisk: LocalAsterisk,
) -> None:
    server = (small_asterisk.sip_host, small_asterisk.sip_port)
    async with SmallApplication(small_asterisk) as app, SipPhone(TRUNK, server) as trunk:
        through, refused = await _flood(trunk, 300)
        assert (len(through), len(refused)) == (TRUNK_CALLS, 300 - TRUNK_CALLS)
        for _ in through:
            await app.arrival()
        async with logged_in(small_asterisk, app) as operator:
            prompt = f"sound:{small_asterisk.sounds_dir}/nl/fallback-wait"
            await app.remote.order("POST", f"channels/{operator.channel_id}/play/x", media=prompt)
            assert await operator.media.hears_something()
            _hang_up(through)
        again, _ = await _flood(trunk, 1)
        assert len(again) == 1, "there is room again"
        _hang_up(again)
        await app.arrival()
        await app.all_gone()
    busy = [row for row in cel(small_asterisk) if row[0] == "REFUSED"]
    assert len(busy) == len(refused), "each counts"
    assert {row[9] for row in busy} == {f'{{"extra":"{Limit.TRUNK}"}}'}
    assert all(row[5] and row[7] == "140119" for row in busy), "each with the id of its call and the number dialled"
    assert f"A call heard busy: {Limit.TRUNK}" in small_asterisk.messages_file.read_text()


@pytest.mark.parametrize("extra", ["", "Privacy: id\r\nP-Asserted-Identity: <sip:+31612345678@example.org>\r\n"])
async def test_given_one_number_that_calls_on_and_on_then_it_has_few_calls_and_others_get_through(
    small_asterisk: LocalAsterisk, extra: str
) -> None:
    server = (small_asterisk.sip_host, small_asterisk.sip_port)
    async with SmallApplication(small_asterisk) as app, SipPhone(TRUNK, server, "0201234567") as trunk:
        through, refused = await _flood(trunk, 20, numbers=False, extra=extra)
        assert len(through) == CALLER_CALLS
        others, _ = await _flood(trunk, 5)
        assert len(others) == 5
        groups = small_asterisk.cli("group show channels")
        assert "201234567" not in groups and "12345678" not in groups
        _hang_up([*through, *others])
        for _ in range(CALLER_CALLS + 5):
            await app.arrival()
        await app.all_gone()
    reasons = [row[9] for row in cel(small_asterisk) if row[0] == "REFUSED"]
    assert reasons == [f'{{"extra":"{Limit.CALLS_OF_CALLER}"}}'] * len(refused)


async def test_given_callers_without_any_number_then_they_are_not_taken_for_one(
    small_asterisk: LocalAsterisk,
) -> None:
    server = (small_asterisk.sip_host, small_asterisk.sip_port)
    async with SmallApplication(small_asterisk) as app, SipPhone(TRUNK, server, "anonymous") as trunk:
        through, _ = await _flood(trunk, 8, numbers=False)
        assert len(through) == 8
        _hang_up(through)
        for _ in through:
            await app.arrival()
        await app.all_gone()


async def test_given_no_application_when_a_flood_comes_then_the_fallback_is_bounded_as_well(
    small_asterisk: LocalAsterisk,
) -> None:
    server = (small_asterisk.sip_host, small_asterisk.sip_port)
    async with SipPhone(TRUNK, server) as trunk:
        calls = []
        for number in range(40):
            call = Call(trunk, "140119", f"<sip:+3161{number:07}@example.org>")
            call.send("INVITE", body=call.sdp)
            calls.append(call)
            await asyncio.sleep(0.01)
        answers = Counter([(await _final(trunk, call)).status for call in calls])
        assert answers == {200: TRUNK_CALLS, 486: 40 - TRUNK_CALLS}
        await eventually(lambda: sum(row[0] == "FALLBACK" for row in cel(small_asterisk)) == TRUNK_CALLS)
        small_asterisk.cli("channel request hangup all")


async def test_given_more_callers_than_the_machine_carries_then_new_ones_hear_busy_until_the_application_says_no_more(
    small_asterisk: LocalAsterisk,
) -> None:
    server = (small_asterisk.sip_host, small_asterisk.sip_port)

    def refuse(number: str, seconds: int) -> None:
        small_asterisk.cli(f"dialplan set global ARI_APP_BUSY{number} {int(time.time()) + seconds}")

    async with SmallApplication(small_asterisk) as app, SipPhone(TRUNK, server) as trunk:
        refuse("_140118", 60)
        through, _ = await _flood(trunk, 1)
        assert len(through) == 1, "it is the other number that has too many"
        refuse("_140119", 60)
        _, refused = await _flood(trunk, 2)
        assert len(refused) == 2
        refuse("_140119", 0)
        refuse("", 60)
        _, all_refused = await _flood(trunk, 1)
        refuse("", 0)
        again, _ = await _flood(trunk, 1)
        assert (len(all_refused), len(again)) == (1, 1)
        _hang_up([*through, *again])
        for _ in range(2):
            await app.arrival()
        await app.all_gone()
    reasons = [row[9] for row in cel(small_asterisk) if row[0] == "REFUSED"]
    assert reasons == [f'{{"extra":"{Limit.OVERLOAD}"}}'] * 3
