"""Jobs that tick: at once, again after a mistake, and never after the end."""

from __future__ import annotations

import asyncio
import logging

import pytest
import structlog

from ari_app.core.ledger import StoreUnavailable
from ari_app.jobs.cel_file import CelFileUnreadable
from ari_app.jobs.clockwork import ticking
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure


async def test_a_job_runs_at_once() -> None:
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    async with ticking({"job": (3600.0, job)}):
        await asyncio.wait_for(ran.wait(), PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (StoreUnavailable("away"), "job_postponed"),
        (CelFileUnreadable("/var/log/cel.csv: Permission denied"), "job_postponed"),
        (ValueError("a mistake of ours"), "job_fault"),
    ],
)
async def test_a_job_that_goes_wrong_is_told_and_tried_again(error: Exception, logged: str) -> None:
    tried = 0
    again = asyncio.Event()

    async def job() -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise error
        again.set()

    with structlog.testing.capture_logs() as log:
        async with ticking({"job": (0.05, job)}):
            await asyncio.wait_for(again.wait(), PATIENCE_SECONDS)
    assert [line["event"] for line in log] == [logged]


async def test_a_job_that_runs_at_the_end_is_stopped_and_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    begun, stopped = asyncio.Event(), False

    async def job() -> None:
        nonlocal stopped
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as closing a connection takes its time
            stopped = True

    with caplog.at_level(logging.ERROR):
        async with ticking({"job": (3600.0, job)}):
            await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
    assert stopped
    assert not caplog.records, "an ordinary end is no error"
