"""Requests that schemathesis makes of the document, good ones and bad ones, from everybody who may use the API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.operator_commands import RefusalReason
from ari_app.web.api import senders
from tests.web.api.stand import WIERDAM, Stand
from tests.web.callers import a_request, a_talk
from tests.web.controllers import all_is_refused
from tests.web.people import SAME_ORIGIN

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def test_nothing_breaks_and_every_answer_is_as_the_document_says(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.web.api.tried_requests import everything_holds

    for limit in ("STRANGERS_PER_MINUTE", "PEOPLES_PER_MINUTE"):  # it tries wrong tokens as well, and is quick
        monkeypatch.setattr(senders, limit, 100_000)
    await a_talk(stand.place.serve, "101", WIERDAM)
    await a_request(stand.place.serve, WIERDAM)
    people = {role: await stand.person(f"z-{role}", role, WIERDAM, "101") for role in (Role.OPERATOR, Role.SUPERVISOR)}
    asking: dict[str, Mapping[str, str]] = {
        "a program that may do all": (await stand.everything()).headers,
        "a program that may read calls": (await stand.program("z-smal", ApiScope.CALLS)).headers,
        **{role.value: {**one.headers, **SAME_ORIGIN} for role, one in people.items()},
    }
    async with all_is_refused(stand.place.serve, RefusalReason.NOT_NOW):
        assert await asyncio.to_thread(lambda: list(everything_holds(stand.base, asking))) == []
