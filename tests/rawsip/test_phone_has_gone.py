"""Whether the phone behind a channel has gone: never said of one that is there, whatever it does with its sound."""

from __future__ import annotations

import pytest

from ari_app.ari.client import AriClient
from ari_app.calls.switch.orders import AriSwitch
from ari_app.core.ids import ChannelId
from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import TRUNK
from tests.rawsip import sdp
from tests.rawsip.conftest import Joins

pytestmark = pytest.mark.asterisk


async def test_given_a_phone_when_it_goes_on_hold_moves_its_sound_and_hangs_up_then_only_the_last_is_gone(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins
) -> None:
    async with AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as ari:
        switch = AriSwitch(ari, small_application.remote.application)
        citizen = await joins()
        channel_id = ChannelId(citizen.channel_id)
        assert not await switch.phone_has_gone(channel_id)
        await switch.ensure_waiting(channel_id)
        port = citizen.media.port
        for line in (sdp.audio(port, "sendonly"), sdp.audio(port, "inactive"), sdp.audio(port + 2)):
            answer = await citizen.call.ask("INVITE", body=sdp.offer(TRUNK, line))
            assert answer.status == 200
            assert not await switch.phone_has_gone(channel_id)
        assert (await citizen.call.bye()).status == 200
        await small_application.all_gone()
        assert await switch.phone_has_gone(channel_id)
