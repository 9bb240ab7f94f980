"""The check that nothing is left sees what is left."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance import phones as scenarios
from tests.acceptance.aftermath import assert_nothing_is_left
from tests.acceptance.application import questions
from tests.acceptance.phones import Sipp
from tests.acceptance.small_application import SmallApplication

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_what_is_left_is_named_until_it_is_gone(
    asterisk: LocalAsterisk, database_url: str, carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    await assert_nothing_is_left(asterisk, database_url, within_seconds=0)
    async with carrier_sipp.start(scenarios.citizen_calls("140119", hold_seconds=30)) as calling:
        channel = await small_application.arrival()
        await small_application.answer(channel)
        await small_application.connect(channel)
        with pytest.raises(AssertionError, match=r"left after 0.2 s: \['channel PJSIP/trunk-.*', 'bridge talk-"):
            await assert_nothing_is_left(asterisk, database_url, within_seconds=0.2)
        await small_application.remote.order("DELETE", f"channels/{channel}")
        await small_application.destroy_bridges()
        await calling.ended()
    await assert_nothing_is_left(asterisk, database_url)

    line = uuid4()
    async with questions(database_url) as record:
        await record.execute(
            "INSERT INTO operator_line (id, asterisk_id, channel_id, started_at) VALUES ($1, 'node1', 'c', now())", line
        )
    with pytest.raises(AssertionError, match=f"open operator_line {line}"):
        await assert_nothing_is_left(asterisk, database_url, within_seconds=0)
