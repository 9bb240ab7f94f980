"""Gebeurtenissen: every change of what one may read, resumable, and never of another municipality."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog
from aiohttp import ClientResponse, web

from ari_app.core.access import ApiScope, Role, Scope
from ari_app.core.changes import ChangePage, Position
from ari_app.storage.accounts.service_tokens import end_token
from ari_app.storage.changes.reads import PAGE_ROWS, changes_since
from ari_app.storage.db.engine import Pool
from ari_app.web.api import feeds, stream
from ari_app.web.api.limits import MOST_STREAMS
from tests.patience import PATIENCE_SECONDS
from tests.web.api.stand import BASE, ELDERLO, WIERDAM, Program, Stand
from tests.web.callers import a_request
from tests.web.rows import a_call, an_operator

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Event:
    name: str = ""
    data: dict[str, str | None] = field(default_factory=dict)
    id: str | None = None


@dataclass
class Reader:
    """As a browser's EventSource: it remembers the last id."""

    answer: ClientResponse
    last_id: str | None = None

    async def next(self) -> Event:
        event = Event()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while line := (await self.answer.content.readline()).decode():
                key, _, value = line.rstrip("\n").partition(": ")
                if key == "event":
                    event.name = value
                elif key == "data":
                    event.data = json.loads(value)
                elif key == "id":
                    event.id = self.last_id = value
                elif line == "\n" and event.name:
                    return event
        raise EOFError

    async def until(self, id: str) -> list[Event]:
        """Everything up to the page that has the event of this row."""
        found: list[Event] = []
        while not any(one.data.get("id") == id for one in found) or found[-1].name != "positie":
            found.append(await self.next())
        return found


@asynccontextmanager
async def following(program: Program, last_id: str | None = None) -> AsyncIterator[Reader]:
    headers: Mapping[str, str] = {} if last_id is None else {"Last-Event-ID": last_id}
    url = f"{program.base}{BASE}/gebeurtenissen"
    async with program.session.get(url, headers={**program.headers, **headers}) as answer:
        assert answer.status == 200 and answer.content_type == "text/event-stream"
        assert answer.headers["API-Version"] == "1.0.0"
        yield Reader(answer, last_id)


async def test_a_reader_that_comes_back_misses_nothing(stand: Stand) -> None:
    everything = await stand.everything()
    async with following(everything) as reader:
        assert (await reader.next()).name == "opnieuw"
        position = await reader.next()
        assert position.name == "positie" and position.id is not None
        call = await a_call(stand.place.serve, WIERDAM)
        seen = await reader.until(str(call.id))
        (event,) = [one for one in seen if one.data.get("id") == str(call.id)]
        assert event.name == "gesprek" and event.data["gemeente"] == WIERDAM
        href = str(event.data["href"])
        assert (await everything.get(href.removeprefix(BASE))).json["id"] == str(call.id)
    missed = [str((await a_call(stand.place.serve, WIERDAM)).id) for _ in range(5)]
    async with following(everything, reader.last_id) as again:
        seen = await again.until(missed[-1])
    assert [one.data["id"] for one in seen if one.name == "gesprek"] == missed
    assert "opnieuw" not in {one.name for one in seen}


async def test_only_the_position_after_a_page_can_be_gone_on_from(stand: Stand) -> None:
    async with following(await stand.everything()) as reader:
        await reader.next()
        await reader.next()
        call = await a_call(stand.place.serve, WIERDAM)
        seen = await reader.until(str(call.id))
    assert {one.id is None for one in seen if one.name != "positie"} == {True}
    assert seen[-1].id is not None


async def test_each_kind_is_for_those_who_may_read_its_rows(stand: Stand) -> None:
    narrow = await stand.program("b-smal", ApiScope.CHANGES, ApiScope.REQUESTS)
    async with following(narrow) as reader:
        await reader.next()
        await reader.next()
        await a_call(stand.place.serve, WIERDAM)
        await an_operator(stand.place.serve, "101", WIERDAM)
        foreign = await a_request(stand.place.serve, ELDERLO, number="+31119555501")
        ours = await a_request(stand.place.serve, WIERDAM, number="+31119555502")
        seen = await reader.until(str(ours.id))
    assert {one.name for one in seen} == {"terugbelverzoek", "positie"}
    assert str(foreign.id) not in repr(seen) and ELDERLO not in repr(seen)


async def test_an_operator_hears_of_their_own_state(stand: Stand) -> None:
    anna = await stand.person("b-anna", Role.OPERATOR, WIERDAM, "101")
    async with following(anna) as reader:
        await reader.next()
        await reader.next()
        await an_operator(stand.place.serve, "102", ELDERLO)
        mine = await an_operator(stand.place.serve, "101", WIERDAM)
        seen = await reader.until(str(mine.id))
    assert {one.data["medewerker"] for one in seen if one.name == "medewerker"} == {"101"}


async def test_a_stream_ends_with_its_token(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    program = await stand.program("b-kort", ApiScope.CHANGES, ApiScope.NOTICES)
    async with following(program) as reader:
        await reader.next()
        await reader.next()
        await end_token(stand.place.serve.background, "b-kort", "test", stand.place.clock())
        with pytest.raises(EOFError):
            await reader.next()
    assert (await program.get("/gebeurtenissen")).status == 401


async def test_a_stream_ends_with_its_token_however_much_others_change(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)

    async def others_change(request: web.Request, woken: asyncio.Event, until: float) -> bool:
        """A change that this reader may not see is there whenever one is awaited."""
        await asyncio.sleep(0)
        return True

    monkeypatch.setattr(stream, "_woken", others_change)
    program = await stand.program("b-druk", ApiScope.CHANGES, ApiScope.NOTICES)
    async with following(program) as reader:
        await reader.next()
        await end_token(stand.place.serve.background, "b-druk", "test", stand.place.clock())
        with pytest.raises(EOFError):
            while True:
                await reader.next()


async def test_an_old_position_begins_anew_and_nonsense_is_a_problem(stand: Stand) -> None:
    everything = await stand.everything()
    async with following(everything, "000000000000:1") as reader:
        assert (await reader.next()).name == "opnieuw"
    refused = await everything.get("/gebeurtenissen", {"Last-Event-ID": "gisteren"})
    assert refused.status == 400 and refused.json["invalidParams"][0]["name"] == "Last-Event-ID"


async def test_streams_of_one_scope_are_fed_by_one_reader_of_the_log(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    async def counted(pool: Pool, scope: Scope, position: Position | None, *, most: int = PAGE_ROWS) -> ChangePage:
        page = await changes_since(pool, scope, position, most=most)
        reads.extend(change.id for change in page.changes)
        return page

    for module in (feeds, stream):
        monkeypatch.setattr(module, "changes_since", counted)
    programs = [await stand.program(f"b-samen{number}") for number in range(3)]
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(following(one)) for one in programs]
        for reader in readers:
            await reader.next()
            await reader.next()
        settled = await a_request(stand.place.serve, WIERDAM, number="+31119555503")
        for reader in readers:
            await reader.until(str(settled.id))
        reads.clear()
        last = await a_request(stand.place.serve, WIERDAM, number="+31119555504")
        for reader in readers:
            await reader.until(str(last.id))
    assert reads.count(str(last.id)) == 1


async def test_a_stream_that_could_not_keep_up_reads_for_itself_and_misses_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_WAITING", 0)
    async with following(await stand.everything()) as reader:
        await reader.next()
        await reader.next()
        for number in range(505, 508):
            one = await a_request(stand.place.serve, WIERDAM, number=f"+31119555{number}")
            assert [event.data.get("id") for event in await reader.until(str(one.id))].count(str(one.id)) == 1


async def test_one_sender_has_only_so_many(stand: Stand) -> None:
    program = await stand.program("b-veel", ApiScope.CHANGES, ApiScope.NOTICES)
    readers = [following(program) for _ in range(MOST_STREAMS)]
    for one in readers:
        await one.__aenter__()
    refused = await program.get("/gebeurtenissen")
    assert (refused.status, refused.json["code"]) == (429, "too_many_streams")
    for one in readers:
        await one.__aexit__(None, None, None)


async def test_streams_whose_reader_failed_are_closed_and_those_that_come_back_are_fed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = asyncio.Event()

    async def fails(pool: Pool, scope: Scope, position: Position | None, *, most: int = PAGE_ROWS) -> ChangePage:
        page = await changes_since(pool, scope, position, most=most)
        if page.changes and not failed.is_set():
            failed.set()
            raise RuntimeError("a bug")
        return page

    monkeypatch.setattr(feeds, "changes_since", fails)
    everything = await stand.everything()
    other_program = await stand.program("b-fout")
    with structlog.testing.capture_logs() as lines:
        async with following(everything) as reader, following(other_program) as other:
            for one in (reader, other):
                await one.next()
                await one.next()
            missed = await a_request(stand.place.serve, WIERDAM, number="+31119555521")
            await asyncio.wait_for(failed.wait(), PATIENCE_SECONDS)
            for one in (reader, other):
                with pytest.raises(EOFError):
                    while True:
                        await one.next()
    async with following(everything, reader.last_id) as again:
        await again.until(str(missed.id))
        later = await a_request(stand.place.serve, WIERDAM, number="+31119555522")
        await again.until(str(later.id))
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["stream_reader_failed"]
