"""Pages that are gone: whose line is hung up, and when. Their accounts: tests/acceptance/test_page_phone.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriUnreachable, NotFound
from ari_app.calls.clock import SystemClock
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.registry import Registry, SessionEntry
from ari_app.core.browser_phones import PhoneAccount
from ari_app.core.ids import AsteriskId, ChannelId, Endpoint, OperatorNumber, new_session_id
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import OperatorState
from ari_app.jobs import browser_phones
from ari_app.jobs.browser_phones import ASKED_ONE_BY_ONE, PAUSE_PATIENCE, BrowserPhones
from ari_app.storage.db.engine import Pool
from tests.patience import PATIENCE_SECONDS
from tests.storage.values import NINE, new_session

pytestmark = pytest.mark.pure


class FakeAri:
    """Endpoints by name with their state, and what was asked."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.hung_up: list[str] = []
        self.asked: list[str] = []
        self.is_away = False
        #: packets that came from each channel; those that `speak` send more with each question
        self.packets: dict[str, int] = {}
        self.speak: set[str] = set()
        self.meanwhile: Callable[[], None] = lambda: None
        self.taken_out: list[tuple[str, str]] = []
        self.endpoints, self.channels, self.asterisk = self, self, self

    async def get(self, tech: str, name: str) -> SimpleNamespace:
        self.asked.append(name)
        self.meanwhile()
        if self.is_away:
            raise AriUnreachable("endpoints.get", "nobody")
        if name not in self.states:
            raise NotFound("endpoints.get", "none", 404)
        return SimpleNamespace(resource=name, state=self.states[name])

    async def list_by_tech(self, tech: str) -> list[SimpleNamespace]:
        self.asked.append("all")
        return [SimpleNamespace(resource=name, state=state) for name, state in self.states.items()]

    async def delete_object(self, config: str, kind: str, name: str) -> None:
        self.taken_out.append((kind, name))

    async def rtpstatistics(self, channel_id: str) -> SimpleNamespace:
        self.packets[channel_id] = self.packets.get(channel_id, 0) + (channel_id in self.speak)
        return SimpleNamespace(received_packets=self.packets[channel_id])

    async def hangup(self, channel_id: str) -> None:
        self.hung_up.append(channel_id)


class Place:
    def __init__(self) -> None:
        self.now = NINE
        self.ari, self.registry = FakeAri(), Registry()
        ari, pool = cast(AriClient, self.ari), cast(Pool, None)
        self.phones = BrowserPhones(pool, ari, AsteriskId("node1"), self.registry, lambda: self.now, ("127.0.0.1",))

    def at_work(self, number: int, state: OperatorState, *, is_there: bool) -> ChannelId:
        name, channel = f"web-{number:032x}", ChannelId(f"node1-{number}")
        self.ari.states[name] = "online" if is_there else "offline"
        session = replace(
            new_session(OperatorNumber(str(number))),
            id=new_session_id(),
            endpoint=Endpoint(f"PJSIP/{name}"),
            channel_id=channel,
            state=state,
        )
        self.registry.add_session(SessionEntry(session, Mailbox(SystemClock())))
        return channel


async def test_a_page_that_is_gone_gets_no_caller_and_a_pause_and_a_talk_go_on_for_a_while() -> None:
    place = Place()
    ready = place.at_work(1, OperatorState.READY, is_there=False)
    offered = place.at_work(2, OperatorState.OFFERED, is_there=False)
    paused = place.at_work(3, OperatorState.PAUSED, is_there=False)
    wrap_up = place.at_work(4, OperatorState.WRAP_UP, is_there=False)
    talking = place.at_work(5, OperatorState.TALKING, is_there=False)
    place.ari.speak.add(talking)
    place.at_work(6, OperatorState.READY, is_there=True)
    await place.phones.look()
    assert set(place.ari.hung_up) == {ready, offered}
    place.ari.hung_up.clear()
    place.now += PAUSE_PATIENCE - timedelta(seconds=1)
    await place.phones.look()
    assert not {paused, wrap_up} & set(place.ari.hung_up)
    place.now += timedelta(seconds=1)
    await place.phones.look()
    assert {paused, wrap_up} <= set(place.ari.hung_up)
    assert talking not in place.ari.hung_up


async def test_a_line_without_socket_and_sound_is_hung_up_in_a_talk_and_one_that_is_heard_is_not() -> None:
    place = Place()
    silent, heard, muted = (place.at_work(n, OperatorState.TALKING, is_there=n == 3) for n in (1, 2, 3))
    place.ari.speak.add(heard)
    await place.phones.look()
    assert place.ari.hung_up == [silent]
    # An account that was taken out, of a login that is over: the same.
    place.ari.hung_up.clear()
    place.ari.states.clear()
    await place.phones.look()
    assert set(place.ari.hung_up) == {silent, muted}


async def test_a_caller_who_came_while_asterisk_was_asked_keeps_an_operator_who_is_heard() -> None:
    place = Place()
    channel = place.at_work(1, OperatorState.READY, is_there=False)
    place.ari.speak.add(channel)

    def caller_comes() -> None:
        (session,) = place.registry.sessions()
        entry = place.registry.session_of(session.operator)
        assert entry is not None
        entry.session = replace(session, state=OperatorState.TALKING)

    place.ari.meanwhile = caller_comes
    await place.phones.look()
    assert place.ari.hung_up == []


async def test_a_session_that_goes_on_without_a_line_is_left_alone() -> None:
    place = Place()
    place.at_work(1, OperatorState.TALKING, is_there=False)
    (session,) = place.registry.sessions()
    entry = place.registry.session_of(session.operator)
    assert entry is not None
    entry.session = replace(session, channel_id=None)
    await place.phones.look()
    assert place.ari.asked == place.ari.hung_up == []


async def test_a_page_that_comes_back_in_a_pause_begins_anew() -> None:
    place = Place()
    place.at_work(3, OperatorState.PAUSED, is_there=False)
    await place.phones.look()
    place.ari.states[f"web-{3:032x}"] = "online"
    place.now += PAUSE_PATIENCE
    await place.phones.look()
    place.ari.states[f"web-{3:032x}"] = "offline"
    await place.phones.look()
    assert place.ari.hung_up == []


async def test_other_phones_are_not_asked_for_and_an_asterisk_that_is_away_takes_nobody_away() -> None:
    place = Place()
    place.registry.add_session(SessionEntry(new_session(), Mailbox(SystemClock())))
    await place.phones.look()
    assert place.ari.asked == []
    place.at_work(1, OperatorState.READY, is_there=False)
    place.ari.is_away = True
    await place.phones.look()
    assert place.ari.hung_up == []
    place.ari.is_away = False
    place.ari.states.clear()  # its account was taken out
    await place.phones.look()
    assert place.ari.hung_up == []


async def test_many_pages_are_one_question() -> None:
    place = Place()
    channels = [place.at_work(n, OperatorState.READY, is_there=n % 2 == 0) for n in range(ASKED_ONE_BY_ONE + 1)]
    await place.phones.look()
    assert place.ari.asked == ["all"]
    assert set(place.ari.hung_up) == set(channels[1::2])


class Rows:
    """What is read and written of the phones, in order. The first round waits until it may go on, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> None:
        self.done: list[str] = []
        self.began, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.fails = fails
        monkeypatch.setattr(browser_phones, "none_is_pushed", self.none_is_pushed)
        monkeypatch.setattr(browser_phones, "living_phones", self.living)
        monkeypatch.setattr(browser_phones, "RETRY_SECONDS", 0.0)

    async def none_is_pushed(self, *_: object) -> None:
        self.done.append("none")

    async def living(self, *_: object) -> list[PhoneAccount]:
        self.began.set()
        await self.may_go_on.wait()
        self.done.append("all")
        if self.fails and self.done.count("all") == 1:
            raise StoreUnavailable("test")
        return []


@pytest.mark.parametrize("fails", [False, True], ids=("goes_well", "first_fails"))
async def test_given_another_connection_while_phones_are_given_then_one_round_comes_after_the_other(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    place, rows = Place(), Rows(monkeypatch, fails=fails)
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as rounds:
        rounds.create_task(place.phones.give_all())
        await rows.began.wait()
        rounds.create_task(place.phones.give_all())
        await asyncio.sleep(0)  # it has begun
        rows.may_go_on.set()
    assert rows.done == ["none", "all"] * 2, "also a first one that failed is left to the second"


async def test_an_account_that_no_row_names_is_taken_out_and_one_that_is_opened_meanwhile_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, rows = Place(), Rows(monkeypatch)
    left, other = f"web-{7:032x}", "phone07"
    place.ari.states |= {left: "offline", other: "online"}
    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as rounds:
        rounds.create_task(place.phones.give_all())
        await rows.began.wait()
        place.ari.states[f"web-{8:032x}"] = "offline"
        rows.may_go_on.set()
    assert place.ari.taken_out == [(kind, left) for kind in ("endpoint", "aor", "auth")]
