"""The main job, for real: a citizen's call reaches an operator who dialled in, and every leg is stored."""

from __future__ import annotations

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.application import Application
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.record import eventually, questions

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_given_an_operator_ready_when_a_citizen_chooses_by_key_then_they_talk_and_every_leg_is_stored(
    application: Application, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    operator = await phones.operator("phone01", "101", "7101")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready")
    citizen = await phones.citizen("140119")
    await citizen.answered()
    await citizen.press("3")
    await eventually(database_url, "SELECT stage FROM call", equals="talking")
    await citizen.speak_tone(700)
    await operator.hears_tone(700)
    await citizen.hang_up()
    await eventually(database_url, "SELECT end_reason FROM call", equals="caller_hung_up")
    async with questions(database_url) as record:
        legs = await record.fetch("SELECT * FROM call_leg ORDER BY role")
    assert [(leg["role"], leg["end_reason"]) for leg in legs] == [("caller", "hung_up"), ("operator", "released")]
    await operator.hang_up()
    await eventually(database_url, "SELECT logout_reason FROM operator_session", equals="hung_up")
