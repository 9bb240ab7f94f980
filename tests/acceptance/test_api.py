"""Another program follows and steers a call on real Asterisk: a screen that pops up, states, a transfer, a calamity."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer

from ari_app.core.access import ApiScope
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.accounts.service_tokens import add_token
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.web.desk_app import make_desk_app
from ari_app.web.process import make_site
from ari_app.web.site import SiteOptions
from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.lanes import LANES, Scene, add_lanes
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.stories import dials
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.web.api.stand import Program
from tests.web.api.test_stream import following

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LANE = LANES[0]
TOWN = MunicipalityCode(f"GM99{LANE.town}")
AREA = edited_sample(add_lanes)


@pytest_asyncio.fixture(loop_scope="module")
async def program(centre: Centre) -> AsyncIterator[Program]:
    """With a token for the town of the lane, before pages that are served here."""
    async with AsyncExitStack() as stack:
        serve = await stack.enter_async_context(Database(as_role(centre.database_url, SERVE)))
        await keep_up(serve.background, datetime.now(UTC))
        token = await add_token(
            serve.background, "kiss", set(ApiScope), frozenset({TOWN}), "test", datetime.now(UTC), lasts=timedelta(1)
        )
        web = await stack.enter_async_context(Database(as_role(centre.database_url, WEB)))
        site = make_site(web, SiteOptions("http://127.0.0.1"))
        read = asyncio.Event()
        site.area.when_read(read.set)
        server = TestServer(make_desk_app(site))
        await stack.enter_async_context(site.answers)
        await stack.enter_async_context(server)
        hub = asyncio.create_task(site.hub.run())
        session = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar()))
        await asyncio.wait_for(read.wait(), PATIENCE_SECONDS)
        yield Program(session, str(server.make_url("")).rstrip("/"), {"Authorization": f"Bearer {token}"})
        site.hub.close()
        hub.cancel()
        await asyncio.gather(hub, return_exceptions=True)


async def test_given_a_program_with_a_token_when_a_citizen_calls_then_it_follows_the_call_and_transfers_it(
    centre: Centre, exchange_view: RemoteAsterisk, program: Program
) -> None:
    scene = Scene(centre, LANE, exchange_view)
    scene.operator = await centre.operator(LANE.operator_desk, LANE.operator)
    state = f"/medewerkers/{LANE.operator}/toestand"
    paused = await program.send("PUT", state, {"toestand": "paused", "pauzereden": "meeting", "reden": "overleg"})
    assert paused.status == 200, paused.text
    await centre.operator_is(LANE.operator, "paused")
    assert (await program.get(f"/medewerkers/{LANE.operator}")).json["pauzereden"] == "meeting"
    assert (await program.send("PUT", state, {"toestand": "ready", "reden": "druk"})).status == 200
    await centre.operator_is(LANE.operator, "ready")

    # The stream says that there is a call; then it is asked for.
    popped = f"/gesprekken?medewerker={LANE.operator}&status=actief"
    async with following(program) as reader:
        while (await reader.next()).name != "positie":
            pass
        scene.citizen = await centre.citizen(dials(LANE.town))
        await scene.is_with(LANE.operator_desk)
        row = await centre.call(scene.citizen)
        await reader.until(str(row["id"]))
    (call,) = (await program.get(popped)).json["gesprekken"]
    assert (call["id"], call["gemeente"], call["medewerker"]) == (str(row["id"]), TOWN, LANE.operator)
    caller = await program.get(f"/gesprekken/{call['id']}/beller")
    assert caller.json["nummer"] == centre.number_of(scene.citizen)

    # A transfer that the directory led to.
    found = await program.send("POST", "/nummerplan/zoekopdrachten", {"zoek": f"collega {LANE.colleague}"})
    to = found.json["vermeldingen"][0]["bereikbaarOp"]
    transfers = f"/gesprekken/{call['id']}/doorverbindingen"
    asked = await program.send("POST", transfers, {"soort": "cold", "naar": to, "onderwerp": "paspoort"})
    assert asked.status == 201, asked.text
    colleague = await scene.ringing()
    await colleague.pick_up()
    await scene.is_with(LANE.colleague_desk)
    story = (await program.get(f"/gesprekken/{call['id']}/verloop")).json
    assert [one["uitkomst"] for one in story["doorverbindingen"]] == ["completed"]
    assert (await program.get(popped)).json["gesprekken"] == []

    begun = await program.send("POST", "/calamiteiten", {"gemeente": TOWN, "tekst": "Het stadhuis is dicht."})
    assert begun.status == 201, begun.text
    assert [one["tekst"] for one in (await program.get("/calamiteiten")).json["calamiteiten"]]
    assert (await program.send("POST", "/calamiteiten/beeindigingen", {"gemeente": TOWN})).status == 201
    actors = await centre.rows("SELECT DISTINCT actor FROM audit_log WHERE action LIKE 'calamity.%'")
    assert [row["actor"] for row in actors] == ["service:kiss"]
    await scene.everybody_hangs_up()
