"""Asterisk's real channel event log, on our own dialplan, and the histories read from it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.event_log import audit
from ari_app.core.event_log.cel import ChannelHistory, ChannelRole, histories
from ari_app.core.event_log.fallback import fallback_calls
from ari_app.jobs import cel_file
from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.small_application import SmallApplication
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_given_every_kind_of_channel_when_they_are_over_then_the_log_tells_what_each_was(
    asterisk: LocalAsterisk, phones: PhoneNetwork, small_application: SmallApplication
) -> None:
    application, since = small_application, datetime.now(UTC)

    # an operator on a standing line talks with a citizen, who hangs up
    operator = await phones.desk("phone01", "1400")
    line = await application.arrival()
    await application.answer(line)
    await operator.answered()
    citizen = await phones.citizen("140119")
    talking = await application.arrival()
    await application.answer(talking)
    await citizen.answered()
    await application.connect(line, talking)
    await citizen.hang_up()
    # a closed municipality: early media, never answered
    citizen = await phones.citizen("140119")
    closed = await application.arrival()
    await application.remote.order("POST", f"channels/{closed}/progress")
    await citizen.rings()
    await application.remote.order("DELETE", f"channels/{closed}", reason_code="21")
    assert (await citizen.ended()).sip_status == 403
    # a citizen of a team that is rung: one phone does not answer, the next one does
    citizen = await phones.citizen("140119")
    rung_for = await application.arrival()
    await application.answer(rung_for)
    silent = await application.ring("PJSIP/phone02", timeout_seconds=1)
    assert (await (await phones.incoming("phone02")).ended()).was_answered is False
    willing = await application.ring("PJSIP/phone03", timeout_seconds=10)
    desk = await phones.incoming("phone03")
    await desk.pick_up()
    await desk.answered()
    await application.connect(willing, rung_for)
    await desk.hang_up()
    await application.remote.order("DELETE", f"channels/{rung_for}")
    await citizen.ended()
    # a caller who talked with the operator goes to the fallback, where a phone answers
    citizen = await phones.citizen("140120")
    returned = await application.arrival()
    await application.answer(returned)
    await application.connect(line, returned)
    await application.remote.order("POST", f"channels/{returned}/continue", context="fallback", extension="s")
    helper = await phones.incoming("phone04")
    await helper.pick_up()
    await helper.answered()
    await citizen.speak_tone(500)
    await helper.hears_tone(500)
    await helper.hang_up()
    await citizen.ended()
    # the application is gone: a citizen waits in vain, an operator hears that it is gone, a phone misdials
    await application.beat(0)
    citizen = await phones.citizen("140121")
    ringing = await phones.incoming("phone05")
    await citizen.hang_up()
    await ringing.ended()
    for dialled in ("1400", "999"):
        misled = await phones.desk("phone06", dialled)
        await misled.answered()
        await misled.hang_up()
    await operator.hang_up()
    await application.destroy_bridges()

    await application.all_gone()
    channels = await _whole_log(asterisk, since)
    roles = {channel_id: history.role for channel_id, history in channels.items()}
    assert roles.pop(line) is ChannelRole.OPERATOR_LINE
    assert [roles.pop(citizen) for citizen in (talking, closed, rung_for, returned)] == [ChannelRole.CITIZEN] * 4
    assert [roles.pop(phone) for phone in (silent, willing)] == [ChannelRole.DIALLED] * 2
    others = Counter(roles.values())
    assert others.pop(ChannelRole.FALLBACK_PHONE) >= 2
    assert others == {ChannelRole.FALLBACK_CALLER: 1, ChannelRole.DIALPLAN_ONLY: 2}
    assert channels[closed].answered_at is None
    assert channels[closed].hangup_cause == 21
    assert channels[silent].hangup_cause == 19

    sent, forsaken = fallback_calls(channels.values())
    assert sent.channel_id == returned
    assert (sent.dialled, sent.reason, sent.helped_by) == ("140120", "sent_by_application", "PJSIP/phone04")
    assert sent.helped_at is not None
    assert sent.fallback_at < sent.helped_at < (sent.ended_at or since)
    assert sent.was_in_application
    assert (forsaken.dialled, forsaken.reason, forsaken.helped_by) == ("140121", "no_heartbeat", None)
    assert not forsaken.was_in_application

    report = audit.audit(
        channels.values(), application.recorded(), audit.Period(since, datetime.now(UTC) + timedelta(seconds=1))
    )
    assert [difference.kind for difference in report.differences] == [audit.DifferenceKind.FALLBACK_NOT_RECORDED]
    assert report.compared == 7, report.as_text()


async def _whole_log(asterisk: LocalAsterisk, since: datetime) -> dict[str, ChannelHistory]:
    """Every channel by its id, once the log has the end of each: Asterisk writes it a moment after the event."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = histories(cel_file.events_since(asterisk.cel_file, since))
            if all(history.started_at and history.ended_at for history in found):
                return {str(history.channel_id): history for history in found}
            await asyncio.sleep(0.05)
