"""Offers with more than the sound that we want: the rest is declined, and the call is as any other."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import sdp
from tests.rawsip.conftest import Joins, Party

pytestmark = pytest.mark.asterisk

MESSAGES = "m=message 5014 TCP/MSRP *\r\na=path:msrp://example.org:5014/1;tcp"
FLOOR = "m=application 5012 TCP/BFCP *\r\na=setup:active"
ENCRYPTED = sdp.audio(5016).replace("RTP/AVP", "RTP/SAVP") + (
    "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
)
WITH_FEEDBACK = sdp.audio(5018).replace("RTP/AVP", "RTP/AVPF")
UNKNOWN = "m=smell 5020 RTP/AVP 96\r\na=rtpmap:96 musk/8000"


async def _is_a_call(asterisk: LocalAsterisk, app: SmallApplication, party: Party) -> None:
    """The caller hears what is played, and their keys arrive."""
    prompt = f"sound:{asterisk.sounds_dir}/nl/fallback-wait"
    await app.remote.order("POST", f"channels/{party.channel_id}/play/{party.call.tag}", media=prompt)
    assert await party.media.hears_something()
    await party.media.press("4")
    while "4" not in app.keys.get(party.channel_id, ""):
        await app.next_event()


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    "other",
    [sdp.fax(), sdp.video(), sdp.text(), MESSAGES, FLOOR, UNKNOWN],
    ids=["fax", "video", "text", "messages", "floor", "unknown"],
)
async def test_given_a_line_that_we_do_not_want_before_or_after_the_sound_then_it_is_declined_and_the_call_is_a_call(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, other: str, first: bool
) -> None:
    party = await joins(lines=lambda port: [other, sdp.audio(port)] if first else [sdp.audio(port), other])
    lines = sdp.lines(party.answer.body)
    sound, declined = reversed(lines) if first else lines
    assert (sound.kind, declined.port) == ("audio", 0)
    await _is_a_call(asterisk, small_application, party)


@pytest.mark.parametrize("own", [0, 1], ids=["the first", "the second"])
async def test_given_two_lines_of_sound_then_one_is_taken(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, own: int
) -> None:
    """Where the first one is not wanted by the caller either (port 0), it is the second."""

    def lines(port: int) -> list[str]:
        return [sdp.audio(port), sdp.audio(5010)] if own == 0 else [sdp.audio(0), sdp.audio(port)]

    party = await joins(lines=lines)
    taken = [line.port > 0 for line in sdp.lines(party.answer.body)]
    assert taken == [own == 0, own == 1]
    await _is_a_call(asterisk, small_application, party)


@pytest.mark.parametrize("account", ["", "phone01"], ids=["citizen", "operator"])
@pytest.mark.parametrize("other", [ENCRYPTED, WITH_FEEDBACK], ids=["encrypted", "with feedback"])
async def test_given_plain_sound_and_another_kind_after_it_then_it_is_plain(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, account: str, other: str
) -> None:
    party = await joins(account, lambda port: [sdp.audio(port), other])
    assert [line.port > 0 for line in sdp.lines(party.answer.body)] == [True, False]
    await _is_a_call(asterisk, small_application, party)


@pytest.mark.parametrize("account", ["", "phone01"], ids=["citizen", "operator"])
@pytest.mark.parametrize("beside", [True, False], ids=["plain after it", "nothing else"])
async def test_given_sound_that_is_encrypted_first_then_the_call_is_encrypted(
    joins: Joins, account: str, beside: bool
) -> None:
    def lines(port: int) -> list[str]:
        encrypted = ENCRYPTED.replace("5016", str(port))
        return [encrypted, sdp.audio(5010)] if beside else [encrypted]

    party = await joins(account, lines)
    taken, *declined = sdp.lines(party.answer.body)
    assert (taken.port > 0, [line.port for line in declined]) == (True, [0] * beside)
    assert any(attribute.startswith("crypto:1 ") for attribute in taken.attributes)


@pytest.mark.parametrize("account", ["", "phone01"], ids=["citizen", "operator"])
@pytest.mark.parametrize("beside", [True, False], ids=["plain after it", "nothing else"])
async def test_given_sound_with_feedback_first_then_it_is_a_call(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, account: str, beside: bool
) -> None:
    def lines(port: int) -> list[str]:
        with_feedback = WITH_FEEDBACK.replace("5018", str(port))
        return [with_feedback, sdp.audio(5010)] if beside else [with_feedback]

    party = await joins(account, lines)
    await _is_a_call(asterisk, small_application, party)


async def test_given_all_of_them_at_once_then_the_sound_is_taken(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins
) -> None:
    party = await joins(lines=lambda port: [sdp.fax(), sdp.video(), sdp.audio(port), sdp.text(), FLOOR, sdp.fax(5030)])
    assert [line.port > 0 for line in sdp.lines(party.answer.body)] == [False, False, True, False, False, False]
    await _is_a_call(asterisk, small_application, party)


@pytest.mark.parametrize("account", ["", "phone01"], ids=["citizen", "operator"])
async def test_given_a_call_when_its_phone_wants_to_send_a_fax_then_it_may_not_and_the_call_goes_on(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, account: str
) -> None:
    """A fax adapter that hears a tone changes to T.38: in place of the sound, or beside it."""
    party = await joins(account)
    address = party.phone.address
    answer = await party.call.ask("INVITE", body=sdp.offer(address, sdp.fax()))
    assert answer.status == 488
    await _is_a_call(asterisk, small_application, party)
    beside = sdp.offer(address, sdp.audio(party.media.port), sdp.fax(), sdp.video())
    answer = await party.call.ask("INVITE", body=beside)
    assert [line.port > 0 for line in sdp.lines(answer.body)] == [True, False, False]
    await _is_a_call(asterisk, small_application, party)


async def test_given_no_sound_at_all_then_the_call_is_refused(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins
) -> None:
    party = await joins()
    for lines in ([sdp.fax()], [sdp.video(), sdp.text()], [sdp.audio(0)], []):
        call = party.call.beside(sdp.offer(party.phone.address, *lines))
        assert (await call.invite()).status >= 400
    await asyncio.wait_for(_is_a_call(asterisk, small_application, party), PATIENCE_SECONDS)
