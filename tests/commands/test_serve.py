"""Why `ari-app serve` ended, as its exit code and one line say it."""

from __future__ import annotations

from typing import cast

import pytest

from ari_app import app
from ari_app.ari.errors import Unauthorized
from ari_app.commands import serve
from ari_app.settings import Settings
from ari_app.storage.db.errors import RowRefused

pytestmark = pytest.mark.pure
REFUSED = Unauthorized("GET asterisk/info", "refused", 401)


@pytest.mark.parametrize(
    ("errors", "code", "says"),
    [
        ([RowRefused("in a transaction")], 1, "in a transaction"),
        ([RowRefused("in a transaction"), REFUSED], 2, "ARI_APP_ARI_USER"),
    ],
)
async def test_what_other_tasks_met_while_they_ended_is_not_why_the_process_ends(
    errors: list[Exception], code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def ends(chosen: object) -> None:
        raise ExceptionGroup("ends", errors)

    monkeypatch.setattr(app, "serve", ends)
    assert await serve._serve(cast(Settings, None)) == code
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1
