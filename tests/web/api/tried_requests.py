"""Requests that schemathesis makes of the document, good ones and bad ones.

Imported by the one test that needs it: it takes a second to read, which every other worker is spared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from ari_app.web.api.openapi import document
from ari_app.web.api.operations import OPERATIONS
from tests.web.api.stand import BASE

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
