"""A citizen among those of a load, whom somebody helps in the fallback while the application does not."""

from __future__ import annotations

from contextlib import suppress

from tests.acceptance.crowd import BUSY, TONE, Crowd
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.phone import Phone
from tests.acceptance.record import eventually, questions
from tests.acceptance.remote_control import RemoteError

#: the busy municipality's number in another notation: the citizen of a test among those of the load
HELP = "+31" + BUSY[1:]


async def is_helped_by_the_fallback(phones: PhoneNetwork, citizen: Phone, account: str) -> Phone:
    """Somebody turns away those of the load, picks up when the display says that it is this citizen, and hears them."""
    await citizen.answered()
    await citizen.speak_tone(TONE)
    while HELP not in await (desk := await phones.incoming(account)).header("From"):
        with suppress(RemoteError):  # they had just given up
            await desk.decline()
    await desk.pick_up()
    await desk.hears_tone(TONE)
    return desk


async def assert_the_record_shows_it(crowd: Crowd) -> None:
    """The citizen's call, as what it was: helped by somebody, in the fallback."""
    await crowd.fallback_is_recorded()
    await eventually(
        crowd.database_url,
        "SELECT end_reason FROM call WHERE dialled = $1",
        HELP,
        equals="handled_by_fallback",
    )
    async with questions(crowd.database_url) as record:
        call = await record.fetchrow("SELECT * FROM call WHERE dialled = $1", HELP)
        assert call is not None
        legs = await record.fetch(
            "SELECT role, party FROM call_leg WHERE call_id = $1 AND joined_at IS NOT NULL ORDER BY started_at",
            call["id"],
        )
    assert call["handled_by_fallback"] and call["answered_at"] is not None
    assert call["municipality"] == "GM9911"
    assert ("caller", None) in [tuple(leg) for leg in legs]
    assert "operator" in [leg["role"] for leg in legs]
