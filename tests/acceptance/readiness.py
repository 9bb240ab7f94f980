"""What /health/ready says of the application, as a load balancer asks it."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import suppress

from tests.patience import PATIENCE_SECONDS

PAUSE_SECONDS = 0.1  # between two questions to /health/ready, which tells nobody when it changes


def _ready(port: int) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def readiness(port: int, status: int) -> dict[str, object]:
    """Wait until /health/ready answers so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(OSError):
                found, state = await asyncio.to_thread(_ready, port)
                if found == status:
                    return state
            await asyncio.sleep(PAUSE_SECONDS)
