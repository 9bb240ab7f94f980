"""Rows that a migration rewrites: the words of the revision before become the words of this one, and back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.storage.db import migrate
from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.constraints import validate

pytestmark = pytest.mark.postgres

_CALL = "00000000-0000-0000-0000-000000000001"
_REQUEST = "00000000-0000-0000-0000-000000000002"
_ROWS = f"""
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, callback_kind)
VALUES ('{_CALL}', 'node1', 'c1', '140119', 'waiting', now(), now(), 1, 'place_in_line');
INSERT INTO call_fact VALUES ('{_CALL}', 1, now(), 'callback_offered', '{{"kind": "place_in_line"}}');
INSERT INTO call_fact VALUES ('{_CALL}', 2, now(), 'callback_requested', '{{"kind": "place_in_line"}}');
INSERT INTO callback_request (id, reference, municipality, reason, kind, state, first_contact_at, deadline_at,
  plan_by_at, owner_team, number_confirmed_how, pii_number, created_at, last_seq, queued_at, lease_holder,
  lease_until_at)
VALUES ('{_REQUEST}', '1234567', 'GM9901', 'waiting', 'place_in_line', 'in_progress', now(), now() + interval '1 d',
  now(), 'kcc', 'shown', '+31612345678', now(), 3, now(), 'call:1', now());
INSERT INTO callback_fact VALUES ('{_REQUEST}', 1, now(), 'created', '{{"kind": "place_in_line", "subject": ""}}');
INSERT INTO callback_fact VALUES ('{_REQUEST}', 2, now(), 'claimed', '{{"holder": "call:1", "operator": "101"}}');
INSERT INTO callback_fact VALUES ('{_REQUEST}', 3, now(), 'place_lapsed', '{{}}');
INSERT INTO callback_fact VALUES ('{_REQUEST}', 4, now(), 'joined', '{{"kind": "place_in_line", "subject": ""}}')"""
_WORDS = {
    "place_in_line": "virtual_hold",
    "place_lapsed": "virtual_hold_lapsed",
    "holder": "lease_owner",
    "lease_holder": "lease_owner",
}


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_migration_engine(empty_database_url)
    yield engine
    await engine.dispose()


async def _go(engine: AsyncEngine, way: Callable[..., None], revision: str) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: way(migrate._config(sync), revision))


async def _stored(engine: AsyncEngine) -> list[object]:
    async with engine.connect() as connection:
        queries = (
            "SELECT callback_kind FROM call",
            "SELECT detail FROM call_fact ORDER BY seq",
            "SELECT to_jsonb(r) - 'first_contact_at' FROM callback_request r",
            "SELECT jsonb_build_object('kind', kind, 'detail', detail) FROM callback_fact ORDER BY seq",
        )
        return [row[0] for query in queries for row in await connection.execute(text(query))]


def _in_new_words(value: object) -> object:
    if isinstance(value, dict):
        return {_WORDS.get(key, key): _in_new_words(one) for key, one in value.items()}
    return _WORDS.get(value, value) if isinstance(value, str) else value


async def test_virtual_holds_and_lease_owners_are_renamed_wherever_they_are_stored_and_back(
    engine: AsyncEngine,
) -> None:
    await _go(engine, command.upgrade, "0007")
    async with engine.begin() as connection:
        for statement in _ROWS.split(";\n"):
            await connection.exec_driver_sql(statement)
    before = await _stored(engine)
    await _go(engine, command.upgrade, "0008")
    after = await _stored(engine)
    assert after == [_in_new_words(value) for value in before]
    assert not any(old in json.dumps(after) for old in ("place_in_line", "place_lapsed", "holder"))
    await _go(engine, command.downgrade, "0007")
    assert await _stored(engine) == before


_TURNED_AWAY = f"""
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, ended_at,
  end_reason, ending, callback_reason)
VALUES ('{_CALL}', 'node1', 'c1', '140119', 'ended', now(), now(), 1, now(), 'turned_away', 'turned_away', 'overload');
INSERT INTO overload (id, asterisk_id, began_at, step, signal, turned_away)
VALUES (gen_random_uuid(), 'node1', now(), 'busy', 'orders', 3)"""


async def test_callers_who_were_turned_away_heard_busy_as_far_as_the_revision_before_knows(engine: AsyncEngine) -> None:
    await _go(engine, command.upgrade, "0030")
    async with engine.begin() as connection:
        for statement in _TURNED_AWAY.split(";\n"):
            await connection.exec_driver_sql(statement)
    await _go(engine, command.downgrade, "0029")
    async with engine.connect() as connection:
        await connection.run_sync(validate)
        found = await connection.execute(text("SELECT end_reason, ending, callback_reason FROM call"))
        assert [tuple(row) for row in found] == [("heard_busy", "heard_busy", "waiting")]


_MEMBERS = f"""
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, ended_at,
  end_reason, ending)
SELECT gen_random_uuid(), 'node1', 'c' || reason, '140119', 'ended', now(), now(), 1, now(), reason, reason
FROM unnest(ARRAY['heard_busy', 'caller_line_lost']) AS reason;
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq)
VALUES ('{_CALL}', 'node1', 'c1', '140119', 'waiting', now(), now(), 1);
INSERT INTO call_fact VALUES ('{_CALL}', 1, now(), 'callback_limited', '{{"limit": "hour"}}');
INSERT INTO call_leg (id, call_id, role, channel_id, started_at, ended_at, end_reason)
VALUES (gen_random_uuid(), '{_CALL}', 'caller', 'c1', now(), now(), 'line_lost');
INSERT INTO operator_line (id, asterisk_id, channel_id, started_at, ended_at, end_reason)
VALUES (gen_random_uuid(), 'node1', 'l1', now(), now(), 'line_lost');
INSERT INTO operator_session (id, asterisk_id, operator, reach, logged_in_at, state, state_since_at, idle_since_at,
  pause_reason, pause_pending, logged_out_at, logout_reason)
VALUES (gen_random_uuid(), 'node1', '101', 'line', now(), 'paused', now(), now(), 'on_hold', 'on_hold', now(),
  'line_lost')"""


async def test_members_of_later_revisions_become_those_of_the_revision_that_is_gone_back_to(
    engine: AsyncEngine,
) -> None:
    await _go(engine, command.upgrade, "0015")
    async with engine.begin() as connection:
        for statement in _MEMBERS.split(";\n"):
            await connection.exec_driver_sql(statement)
    await _go(engine, command.downgrade, "0010")
    async with engine.connect() as connection:
        await connection.run_sync(validate)  # every rule of 0010 holds for every row
        found = {
            query: sorted(tuple(row) for row in await connection.execute(text(f"SELECT {query}")))
            for query in (
                "end_reason, ending FROM call WHERE stage = 'ended'",
                "kind FROM call_fact",
                "end_reason FROM call_leg",
                "end_reason FROM operator_line",
                "pause_reason, pause_pending, logout_reason FROM operator_session",
            )
        }
    assert list(found.values()) == [
        [("caller_hung_up", "caller_hung_up"), ("lost", "lost")],
        [("noted",)],
        [("hung_up",)],
        [("hung_up",)],
        [("break", "break", "hung_up")],
    ]


#: of each call: answered after, ended after, why, transfers asked for, and facts (kind, after seconds, detail)
_BEFORE_VISITS: dict[str, tuple[float | None, float | None, str | None, int, list[tuple[str, float, str]]]] = {
    "answered": (20, 80, "caller_hung_up", 0, [("queued", 0, "{}"), ("answered", 20, "{}")]),
    "abandoned": (None, 30, "abandoned_waiting", 0, [("queued", 0, "{}")]),
    "too long": (
        None,
        40,
        "waited_too_long",
        0,
        [("queued", 0, "{}"), ("stage", 25, '{"stage": "leaving_callback"}')],
    ),
    "transferred": (20, 80, "caller_hung_up", 1, [("queued", 0, "{}"), ("queued", 50, "{}")]),
    "came back": (20, 80, "abandoned_waiting", 0, [("queued", 0, "{}"), ("came_back", 50, "{}"), ("queued", 50, "{}")]),
    "direct": (20, 80, "caller_hung_up", 0, [("queued", 0, "{}"), ("offer_failed", 9, '{"direct": "101"}')]),
    "in the menu": (None, 9, "abandoned_in_menu", 0, []),
    "still waiting": (None, None, None, 0, [("queued", 0, "{}")]),
}


async def test_calls_of_before_get_the_stay_in_a_queue_that_their_facts_tell_and_no_other(engine: AsyncEngine) -> None:
    await _go(engine, command.upgrade, "0016")
    async with engine.begin() as connection:
        for name, (answered, ended, why, transfers, facts) in _BEFORE_VISITS.items():
            await connection.execute(
                text(
                    """WITH call AS (
                    INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at,
                      last_seq, shared_number, municipality, queued_at, answered_at, ended_at, end_reason,
                      transfers_asked)
                    VALUES (gen_random_uuid(), 'node1', :name, '140119', :stage, now(), now(), 9, '140119', 'GM9901',
                      CASE WHEN :queued THEN now() END, now() + make_interval(secs => :answered),
                      now() + make_interval(secs => :ended), :why, :transfers)
                    RETURNING id)
                    INSERT INTO call_leg (id, call_id, role, channel_id, party, started_at, joined_at, ended_at,
                      end_reason)
                    SELECT gen_random_uuid(), id, 'operator', 'o', '101', now(), joined.at, joined.at, 'released'
                    FROM call, (SELECT now() + make_interval(secs => :answered) AS at) joined WHERE at IS NOT NULL"""
                ),
                {
                    "name": name,
                    "stage": "waiting" if ended is None else "ended",
                    "queued": bool(facts),
                    "answered": answered,
                    "ended": ended,
                    "why": why,
                    "transfers": transfers,
                },
            )
            for seq, (kind, seconds, detail) in enumerate(facts, start=1):
                await connection.execute(
                    text(
                        "INSERT INTO call_fact SELECT id, :seq, now() + make_interval(secs => :seconds), :kind, "
                        "cast(:detail AS jsonb) FROM call WHERE channel_id = :name"
                    ),
                    {"seq": seq, "seconds": seconds, "kind": kind, "detail": detail, "name": name},
                )
    await _go(engine, command.upgrade, "0017")
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT channel_id, reason, outcome, operator, extract(epoch FROM left_at - entered_at)::int, "
                "queue_visit.municipality FROM queue_visit JOIN call ON call.id = call_id ORDER BY channel_id"
            )
        )
        assert [tuple(row) for row in found] == [
            ("abandoned", "menu", "abandoned", None, 30, "GM9901"),
            ("answered", "menu", "answered", "101", 20, "GM9901"),
            ("too long", "menu", "waited_too_long", None, 25, "GM9901"),
        ]


async def test_an_operator_who_is_logged_in_keeps_the_teams_of_now_and_others_have_none(engine: AsyncEngine) -> None:
    await _go(engine, command.upgrade, "0017")
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO team (code, name) VALUES ('b', 'B'), ('a', 'A')",
            "INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '')",
            "INSERT INTO operator_team VALUES ('101', 'b'), ('101', 'a'), ('102', 'a')",
            """INSERT INTO operator_session (id, asterisk_id, operator, reach, logged_in_at, state, state_since_at,
              idle_since_at, logged_out_at, logout_reason)
            SELECT gen_random_uuid(), 'node1', operator, 'line', now(), 'ready', now(), now(), over,
              CASE WHEN over IS NOT NULL THEN 'key' END
            FROM (VALUES ('101', NULL), ('102', now())) sessions (operator, over)""",
        ):
            await connection.exec_driver_sql(statement)
    await _go(engine, command.upgrade, "0018")
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT operator, teams FROM operator_session ORDER BY 1"))
        assert [tuple(row) for row in found] == [("101", ["a", "b"]), ("102", [])]
        assert (await connection.execute(text("SELECT count(*) FROM operator_state"))).scalar() == 0


@pytest.mark.parametrize(
    ("before", "after", "deed", "known_to"),
    [
        ("0034", "0035", "account.reset", "SELECT login, known_to FROM account ORDER BY login"),
        (
            *("0040", "0041", "account.subject"),
            "SELECT login, named.known_to FROM account JOIN account_subject named ON named.account = id ORDER BY 1",
        ),
    ],
    ids=("password", "person_of_a_provider"),
)
async def test_what_an_administrator_of_a_page_gave_before_is_known_to_that_one_and_the_rest_to_the_group(
    engine: AsyncEngine, before: str, after: str, deed: str, known_to: str
) -> None:
    await _go(engine, command.upgrade, before)
    rows = f"""
    INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
    INSERT INTO account (id, login, name, created_at) SELECT gen_random_uuid(), login, login, now()
    FROM unnest('{{page,again,terminal,whole,none}}'::text[]) login;
    INSERT INTO account_subject (account, issuer, subject) SELECT id, 'https://login.example', login FROM account;
    INSERT INTO account_role (account, role, municipality, team)
    SELECT id, 'editor', CASE login WHEN 'whole' THEN '' ELSE 'GM9901' END, '' FROM account WHERE login <> 'none';
    INSERT INTO audit_log (at, actor, action, detail) VALUES
      (now(), 'account:wim', '{deed}', '{{"account": "page"}}'),
      (now(), 'account:wim', '{deed}', '{{"account": "again"}}'),
      (now(), 'root', '{deed}', '{{"account": "again"}}'),
      (now(), 'root', '{deed}', '{{"account": "terminal"}}'),
      (now(), 'account:otto', '{deed}', '{{"account": "whole"}}'),
      (now(), 'account:otto', '{deed}', '{{"account": "none"}}')"""
    async with engine.begin() as connection:
        for row in rows.split(";"):
            await connection.execute(text(row))
    await _go(engine, command.upgrade, after)
    async with engine.connect() as connection:
        found = (await connection.execute(text(known_to))).all()
    assert [tuple(row) for row in found] == [
        ("again", None),
        ("none", []),
        ("page", ["GM9901"]),
        ("terminal", None),
        ("whole", None),
    ]
