"""No part of a secret is in anything that a command says, whatever characters it has and whatever else is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ari_app.cli import main

pytestmark = pytest.mark.pure

#: stand on both sides of the odd characters, and in no sentence of ours
HALVES = ("Qxzvw", "Jkyqp")
ODD = st.text("/?#@:%[]{} \\\"'&=;+,é€\t\n\udcff", max_size=4)
FORMS = {
    "DATABASE_URL": "postgresql+asyncpg://ari_app:{}@127.0.0.1:1/ari_app",
    "ARI_APP_ARI_PASSWORD": "{}",
    "ARI_APP_ARI_URL": "http://user:{}@127.0.0.1:1/ari",
    "ARI_APP_SMTP_URL": "smtp://user:{}@127.0.0.1:1",
    "ARI_APP_WEBHOOK_URL": "https://127.0.0.1:1/hook?token={}",
    "ARI_APP_WEBHOOK_SECRET": "{}0123456789abcdef",
}
COMPLETE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "ARI_APP_ARI_URL": "http://127.0.0.1:1/ari",
    "ARI_APP_ARI_USER": "nobody",
    "ARI_APP_ARI_PASSWORD": "none",
    "ARI_APP_SOUNDS_DIR": "/nonexistent",
    "ARI_APP_MAIL_FROM": "a@gemeente.example",
}


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ARI_APP_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def said(environment: dict[str, str], *words: str) -> str:
    result = CliRunner().invoke(main, words, env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (1, 2)
    return str(result.output)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FORMS)), ODD, st.booleans(), st.sampled_from(["calls", "check"]))
@example("DATABASE_URL", "/", False, "calls")
@example("DATABASE_URL", "?", False, "check")
@example("DATABASE_URL", "@:", False, "check")
@example("DATABASE_URL", "@:", False, "calls")
@example("DATABASE_URL", "@?", False, "calls")
@example("ARI_APP_SMTP_URL", "#", False, "check")
@example("ARI_APP_ARI_PASSWORD", "\udcff", False, "check")
def test_no_half_of_a_secret_is_shown(
    surroundings: pytest.MonkeyPatch, variable: str, odd: str, is_encoded: bool, command: str
) -> None:
    secret = odd.join(HALVES)
    text = quote(secret, safe="", errors="surrogateescape") if is_encoded else secret
    output = said({**COMPLETE, variable: FORMS[variable].format(text)}, command)
    assert not any(half in output for half in HALVES), output


def test_a_password_with_a_slash_is_refused_with_its_remedy(surroundings: pytest.MonkeyPatch) -> None:
    output = said({"DATABASE_URL": "postgresql://ari_app:geheim/123@host/ari_app"}, "calls")
    assert "DATABASE_URL: does not say where the password ends: write / as %2F" in output
    assert "geheim" not in output and "123" not in output
