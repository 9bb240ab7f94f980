"""Postgres goes away for a while: it is stopped, or frozen so that it answers nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psutil

from ari_app.local.postgres import LocalPostgres
from tests.acceptance import audio
from tests.acceptance.handset import Handset

MOST_SILENCE_SECONDS = 2.0


@asynccontextmanager
async def away(postgres: LocalPostgres, how: str) -> AsyncIterator[None]:
    """`how`: stopped or frozen. Back at the end of the block."""
    if how == "frozen":
        assert postgres.pid is not None
        root = psutil.Process(postgres.pid)
        family = [root, *root.children(recursive=True)]
        _signal(family, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(family, signal.SIGCONT)
        return
    await asyncio.to_thread(postgres.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.start)


def _signal(family: list[psutil.Process], number: signal.Signals) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def silence_seconds(ear: Handset, since: int) -> float:
    """The longest silence since a position, whether of quiet packets or of none."""
    return max(audio.longest_silence_seconds(ear.heard(since)), ear.longest_gap_seconds(since))
