"""The check that nothing is left sees what is left."""

from __future__ import annotations

import asyncio
import json
import time
from uuid import uuid4

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance import phones as scenarios
from tests.acceptance.aftermath import RULES, assert_nothing_is_left, broken_rules
from tests.acceptance.phones import Sipp
from tests.acceptance.record import questions
from tests.acceptance.small_application import SmallApplication
from tests.dead_channels import RealExchange, only_dead_are_left
from tests.patience import PATIENCE_SECONDS
from tests.privacy import APPLICATION_LOG

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


async def test_a_channel_that_asterisk_keeps_by_mistake_ends_with_a_restart_and_no_other_does(
    asterisk: LocalAsterisk, database_url: str, carrier_sipp: Sipp, small_application: SmallApplication
) -> None:
    """Its thread hangs, as in the fault of Asterisk; here because it runs a program."""
    exchange, before = RealExchange(asterisk), asterisk.pid
    assert "Loaded" in asterisk.cli("module load app_system.so")
    said = asterisk.cli('dialplan add extension "s,1,System,sleep 50" into hangs')
    assert "added" in said, said
    async with carrier_sipp.start(scenarios.citizen_calls("140119", hold_seconds=1)) as calling:
        channel = await small_application.arrival()
        with (asterisk.log_dir / APPLICATION_LOG).open("a") as log:
            log.write(json.dumps({"event": "phone_gone_unseen", "channel_id": channel}) + "\n")
        assert not await asyncio.to_thread(only_dead_are_left, exchange, 0.1), "its phone is there"
        await small_application.answer(channel)
        await small_application.remote.order("POST", f"channels/{channel}/continue", context="hangs", extension="s")
        await calling.ended()
    await asyncio.to_thread(_gone, exchange, channel)
    await assert_nothing_is_left(asterisk, database_url)
    assert asterisk.pid != before and not exchange.channels()


def _gone(exchange: RealExchange, channel_id: str) -> None:
    """Wait until Asterisk knows that the phone hung up."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not exchange.phone_has_gone(channel_id):
        assert time.monotonic() < until
        time.sleep(0.05)


BROKEN = """
INSERT INTO municipality (code, name) VALUES ('GM9901', 'Oosterwende');
INSERT INTO direct_number (e164, municipality, kind) VALUES ('+31119990100', 'GM9901', 'geographic');
INSERT INTO callback_request (id, reference, municipality, reason, kind, state, first_contact_at, deadline_at,
    plan_by_at, owner_team, number_confirmed_how, pii_number, created_at, last_seq)
  VALUES (gen_random_uuid(), '101-101-1', 'GM9901', 'desk', 'promise', 'open', now(), now() + interval '1 day',
    now() + interval '1 day', 'kcc', 'spoken', '+31119990100', now(), 1);
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, answered_at,
    ended_at, end_reason, transfer_count)
  VALUES ('6c0ae4a5-8f0b-4f2e-8c6e-52cf1a8b7d01', 'node1', 'c', '140119', 'ended', now(), now(), 1, now(), now(),
    'caller_hung_up', 3);
INSERT INTO call_leg (id, call_id, channel_id, role, party, started_at, ended_at, end_reason)
  VALUES (gen_random_uuid(), '6c0ae4a5-8f0b-4f2e-8c6e-52cf1a8b7d01', 'd', 'operator', 'PJSIP/+31119990100@trunk', now(),
    now(), 'no_answer');
INSERT INTO callback_attempt (id, request_id, number, operator, started_at, call_id, answered_at, reached_at, ended_at,
    outcome)
  SELECT gen_random_uuid(), id, 1, '101', now(), '6c0ae4a5-8f0b-4f2e-8c6e-52cf1a8b7d01', now(), now(), now(), 'reached'
  FROM callback_request;
"""


async def test_rows_that_cannot_be_are_named_with_their_rule(asterisk: LocalAsterisk, database_url: str) -> None:
    assert await broken_rules(database_url) == []
    async with questions(database_url) as record:
        await record.execute(BROKEN)
    assert [broken.partition(": ")[0] for broken in await broken_rules(database_url)] == list(RULES)
    with pytest.raises(AssertionError, match="a promise without a way before its deadline: 101-101-1"):
        await assert_nothing_is_left(asterisk, database_url)
