"""Requests that schemathesis makes of the document, good ones and bad ones, from everybody who may use the API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from ari_app.core.access import ApiScope, Role
from ari_app.core.operator_commands import RefusalReason
from ari_app.web.api import senders
from ari_app.web.api.openapi import document
from ari_app.web.api.operations import OPERATIONS
from tests.web.api.stand import BASE, WIERDAM, Stand
from tests.web.callers import a_request, a_talk
from tests.web.controllers import all_is_refused
from tests.web.people import SAME_ORIGIN

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

#: of each operation, for each sender: so many good requests, and as many bad ones; the same each time
EXAMPLES = 1
#: a stream has no end; `test_stream` reads it
WITHOUT = "/gebeurtenissen"
TRIED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def everything_holds(base: str, asking: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What is wrong with an answer; each is yielded with whose it was."""
    load_all_checks()
    described = schemathesis.openapi.from_dict(document(OPERATIONS, base))
    with requests.Session() as session:
        for found in described.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if operation.path == WITHOUT:
                continue
            for mode in GenerationMode:
                cases = operation.as_strategy(generation_mode=mode)
                for who, headers in asking.items():
                    try:
                        tried(cases, f"{base}{BASE}", session, headers)
                    except (AssertionError, BaseExceptionGroup) as wrong:
                        yield f"{operation.label} of {who}: {wrong}"


def tried(cases: SearchStrategy[Case[Any]], url: str, session: requests.Session, headers: Mapping[str, str]) -> None:
    """Raises what schemathesis objects to."""
    # No document can say that a cursor must be one of ours, or that `ik` needs a number.
    without: list[CheckFunction] = [positive_data_acceptance]
    if "Cookie" in headers:
        without.append(ignored_auth)  # a cookie is a header like others to it, and goes along with what has none

    @TRIED
    @given(case=cases)
    def holds(case: Case[Any]) -> None:
        case.call_and_validate(base_url=url, session=session, headers=dict(headers), excluded_checks=without)

    holds()


async def test_nothing_breaks_and_every_answer_is_as_the_document_says(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
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
