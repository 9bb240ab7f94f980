"""Presence on real Asterisk: a phone that is free, in a call or away, and the check of the directory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ari_app.area_file.imports import import_entries
from ari_app.ari.client import AriClient
from ari_app.calls.switch import AriSwitch
from ari_app.core.ids import Endpoint
from ari_app.core.presence import Presence
from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.db.engine import Database
from tests.acceptance import prepared
from tests.acceptance.application import Application
from tests.acceptance.network import PhoneNetwork

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

#: phone01 to phone08 are on their desks, the others of the sample area are not
PLAN = """\
code,kind,name,municipality,extension,endpoint,deputy,keywords
wierdam-groen,department,Groenbeheer,GM9904,2201,PJSIP/phone07,wierdam-grijs,bomen
wierdam-grijs,department,Wegbeheer,GM9904,2202,PJSIP/phone08,,stoeptegels
wierdam-niemand,department,Opgeheven,GM9904,2203,PJSIP/nergens,wierdam-grijs,verdwenen
"""


async def _type(application: Application, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """A command of the directory with `--json`; its exit code, and the objects that it prints."""
    code, output = await prepared.run(("directory", *words, "--json"), application.environment())
    return code, [json.loads(line) for line in output.splitlines()]


async def _stands(application: Application, text: str) -> tuple[str, str | None]:
    """How the entry that a text finds stands, and who is named instead."""
    code, (found, *_) = await _type(application, "search", text)
    assert code == 0
    return found["standing"], found["instead"]


async def _number_plan(application: Application) -> None:
    async with Database(application.database_url) as database:
        await import_entries(database.engine, PLAN, "acceptance test", datetime.now(UTC))


async def test_a_phone_is_free_in_a_call_or_away_and_the_deputy_of_a_dead_one_is_named(
    phones: PhoneNetwork, application: Application, asterisk: LocalAsterisk
) -> None:
    await _number_plan(application)
    await application.start()
    async with AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as ari:
        switch = AriSwitch(ari, "ari_app")
        desk, nowhere = Endpoint("PJSIP/phone07"), Endpoint("PJSIP/nergens")
        assert await switch.presence(desk) is Presence.FREE
        assert await switch.presence(nowhere) is Presence.UNREACHABLE
        assert await _stands(application, "bomen") == ("free", None)
        assert await _stands(application, "verdwenen") == ("unreachable", "wierdam-grijs")

        line = await phones.desk("phone07", "1400")
        await line.answered()
        assert await switch.presence(desk) is Presence.BUSY
        assert await _stands(application, "bomen") == ("busy", None)
        await line.hang_up()
        await line.ended()

        await phones.leaves("phone07")
        assert await switch.presence(desk) is Presence.UNREACHABLE
        assert await _stands(application, "bomen") == ("unreachable", "wierdam-grijs")
        await phones.comes_back("phone07")
        assert await _stands(application, "bomen") == ("free", None)


async def test_every_night_and_by_hand_it_is_found_who_cannot_be_reached(
    phones: PhoneNetwork, application: Application
) -> None:
    await _number_plan(application)
    application.options = {"ARI_APP_NIGHTLY_HOUR": "0"}
    await application.start()
    found = await application.says("directory_has_unreachable")
    assert (found["unreachable"], found["fine"]) == (4, 7)  # phone09, phone10 and phone11 of the sample, and nergens
    dead = {"lindekerk-burgerzaken", "lindekerk-ruiter", "wierdam-vergunningen", "wierdam-niemand"}
    code, listed = await _type(application, "list", "--unreachable")
    assert code == 0
    assert {entry["code"] for entry in listed} == dead
    assert {entry["last_check"] for entry in listed} == {"unreachable"}

    await phones.leaves("phone08")
    code, listed = await _type(application, "check")
    assert code == 1
    results = {entry["code"]: entry["last_check"] for entry in listed}
    assert results == dict.fromkeys(dead, "unreachable") | {
        "wierdam-grijs": "unreachable",
        "wierdam-groen": "deputy_unreachable",
    }
    await phones.comes_back("phone08")

    await application.stop()
    await application.start()
    await application.says("asterisk_connected")
    code, listed = await _type(application, "list", "--unreachable")
    assert len(listed) == len(results), "a restart does not do the night's work again"
