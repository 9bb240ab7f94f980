"""What is our fault, or the database's, is a problem too, and its text is in no answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from ari_app.core.ledger import StoreUnavailable
from ari_app.web.api import queues
from tests.web.api.stand import Stand

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


def failing(error: Exception) -> Callable[..., object]:
    async def fails(*_: object, **__: object) -> object:
        raise error

    return fails


async def test_a_mistake_of_ours_costs_one_request(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = await stand.everything()
    monkeypatch.setattr(queues, "queue_lines", failing(RuntimeError("geheim")))
    with capture_logs() as logs:
        answer = await everything.get("/wachtrijen")
    assert (answer.status, answer.json["status"]) == (500, 500) and "geheim" not in answer.text
    assert [(one["event"], one["route"]) for one in logs if one["log_level"] == "error"] == [
        ("api_failed", "/api/v1/wachtrijen")
    ]
    assert everything.headers["Authorization"].partition(" ")[2] not in repr(logs)
    monkeypatch.undo()
    assert (await everything.get("/wachtrijen")).status == 200


async def test_a_database_that_is_away_is_asked_again_later(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = await stand.everything()
    monkeypatch.setattr(queues, "queue_lines", failing(StoreUnavailable("postgres://geheim")))
    answer = await everything.get("/wachtrijen")
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "store_away", "10")
    assert "geheim" not in answer.text
