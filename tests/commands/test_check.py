"""`ari-app check` and `audit` against the real servers: what is wrong, and how to mend it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.db.engine import Database
from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.asterisk


@pytest.fixture
def surroundings(type_in: Type, asterisk: LocalAsterisk, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a working installation, with the sample imported."""
    monkeypatch.setenv("ARI_APP_ARI_URL", asterisk.ari_url)
    monkeypatch.setenv("ARI_APP_ARI_USER", asterisk.ari_user)
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", asterisk.ari_password)
    monkeypatch.setenv("ARI_APP_SOUNDS_DIR", str(asterisk.settings.sounds_dir))
    monkeypatch.setenv("ARI_APP_CEL_FILE", str(asterisk.cel_file))
    type_in("import", str(SAMPLE))
    return monkeypatch


def findings(type_in: Type) -> dict[object, dict[str, object]]:
    return {row["what"]: row for row in rows(type_in("check", "--json"))}


def test_settings_database_and_asterisk_are_found_in_order(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    found = findings(type_in)
    for what in ("settings", "database", "database schema", "area", "asterisk", "asterisk modules", "dialplan"):
        assert found[what]["is_fine"], found[what]


def test_a_way_outside_is_looked_at_and_its_absence_told(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    surroundings.delenv("ARI_APP_OUTBOUND_ENDPOINT", raising=False)
    found = findings(type_in)["calls outside"]
    assert not found["is_fine"] and "ARI_APP_OUTBOUND_ENDPOINT" in str(found["remedy"])
    surroundings.setenv("ARI_APP_OUTBOUND_ENDPOINT", "PJSIP/{number}@trunk")
    assert findings(type_in)["calls outside"]["is_fine"]
    surroundings.setenv("ARI_APP_OUTBOUND_ENDPOINT", "PJSIP/{number}@none")
    assert "no none" in str(findings(type_in)["calls outside"]["detail"])


async def test_accounts_with_nothing_but_a_passkey_are_counted_and_told_of_where_browsers_give_none(
    surroundings: pytest.MonkeyPatch, type_in: Type
) -> None:
    def passkeys() -> dict[str, object]:
        return findings(type_in)["passkeys"]

    for url in ("http://192.0.2.1:8081", "https://kcc.gemeente.example"):
        surroundings.setenv("ARI_APP_DESK_URL", url)
        assert (await asyncio.to_thread(passkeys))["is_fine"], "nobody has one"
    async with Database(os.environ["DATABASE_URL"]) as database:
        await database.pool.execute(
            """WITH one AS (INSERT INTO account (id, login, name, created_at)
              VALUES (gen_random_uuid(), 'bea', 'Bea', now()) RETURNING id)
            INSERT INTO passkey (id, account, credential, public_key, sign_count, name, created_at)
            SELECT gen_random_uuid(), id, 'key', '', 0, 'laptop', now() FROM one"""
        )
    found = await asyncio.to_thread(passkeys)
    assert found["is_fine"] and str(found["detail"]).startswith("1 accounts")
    surroundings.setenv("ARI_APP_DESK_URL", "http://192.0.2.1:8081")
    found = await asyncio.to_thread(passkeys)
    assert not found["is_fine"] and "browsers give none" in str(found["detail"]) and "https://" in str(found["remedy"])
    surroundings.delenv("ARI_APP_DESK_URL")
    assert (await asyncio.to_thread(passkeys))["is_fine"], "where the pages are, is not said here"


def test_a_trunk_that_promises_more_than_this_machine_carries_is_told(
    surroundings: pytest.MonkeyPatch, type_in: Type
) -> None:
    assert findings(type_in)["capacity"]["is_fine"], "not set"
    surroundings.setenv("ARI_APP_CAPACITY_CALLS", "20")
    found = findings(type_in)["capacity"]
    assert not found["is_fine"] and "this machine carries 20" in str(found["detail"])
    assert "ARI_APP_TRUNK_CALLS" in str(found["remedy"])
    surroundings.setenv("ARI_APP_CAPACITY_CALLS", "300")
    assert findings(type_in)["capacity"]["is_fine"]


def test_a_relay_of_pages_that_has_the_trunks_address_is_told(
    surroundings: pytest.MonkeyPatch, type_in: Type, asterisk: LocalAsterisk
) -> None:
    assert findings(type_in)["phones in pages"]["is_fine"]
    surroundings.setenv("ARI_APP_PHONE_RELAYS", f"127.0.0.1,{asterisk.trunk_addresses[0]}")
    found = findings(type_in)["phones in pages"]
    assert not found["is_fine"] and asterisk.trunk_addresses[0] in str(found["detail"])
    assert "ARI_APP_DESK_PHONE_FROM" in str(found["remedy"])


def test_callers_from_abroad_without_the_same_access_are_told(
    surroundings: pytest.MonkeyPatch, type_in: Type, tmp_path: Path
) -> None:
    assert findings(type_in)["numbers from abroad"]["is_fine"]
    (tmp_path / "own.toml").write_text(SAMPLE.read_text().replace('geographic = ["0119 99 01 00"]\n', ""))
    type_in("import", str(tmp_path / "own.toml"))
    found = findings(type_in)["numbers from abroad"]
    assert not found["is_fine"] and found["detail"] == "GM9901 has no geographic number"
    assert "area file" in str(found["remedy"])


def test_the_trial_page_is_told_to_belong_to_the_sample_alone(
    surroundings: pytest.MonkeyPatch, type_in: Type, tmp_path: Path
) -> None:
    assert "off" in str(findings(type_in)["trial page"]["detail"])
    surroundings.setenv("ARI_APP_TRIAL_PASSWORD", "0123456789abcdef")
    assert findings(type_in)["trial page"]["is_fine"]
    own = SAMPLE.read_text().replace('geographic = ["0119 99 01 00"]', 'geographic = ["020 555 01 00"]')
    (tmp_path / "own.toml").write_text(own)
    type_in("import", str(tmp_path / "own.toml"))
    found = findings(type_in)["trial page"]
    assert not found["is_fine"] and "+31205550100" in str(found["detail"]) and "not served" in str(found["detail"])
    assert "ARI_APP_TRIAL_PASSWORD" in str(found["remedy"])
    assert "0123456789abcdef" not in str(found)


def test_a_wrong_ari_password_is_told_and_not_shown(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    surroundings.setenv("ARI_APP_ARI_PASSWORD", "mis-geraden")
    result = type_in("check")
    assert result.exit_code == 1
    assert "refuses the user or the password" in result.stdout and "ARI_APP_ARI_PASSWORD" in result.stdout
    assert "mis-geraden" not in result.output


def test_an_asterisk_that_is_away_is_told(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    surroundings.setenv("ARI_APP_ARI_URL", "http://127.0.0.1:1/ari")
    found = findings(type_in)
    assert not found["asterisk"]["is_fine"]
    assert "ARI_APP_ARI_URL" in str(found["asterisk"]["remedy"])


@pytest.mark.parametrize("text", ["#", "De dijk is dicht."])
def test_a_calamity_without_sound_is_a_finding(
    surroundings: pytest.MonkeyPatch, type_in: Type, database_url: str, text: str
) -> None:
    async def insert() -> None:
        async with Database(database_url) as db, db.engine.begin() as conn:
            await conn.execute(
                sa.text(
                    'INSERT INTO calamity (municipality, from_at, created_at, text, "then", author)'
                    " VALUES ('GM9904', now(), now(), :text, 'end', 'before it was refused')"
                ),
                {"text": text},
            )

    asyncio.run(insert())
    found = findings(type_in)["prompts"]
    assert found["detail"] == "the calamity text of GM9904 has no sound"
    assert "ari-app calamity off GM9904" in str(found["remedy"])


def test_an_asterisk_that_lacks_something_is_told_with_what_to_do(
    surroundings: pytest.MonkeyPatch, type_in: Type, asterisk: LocalAsterisk
) -> None:
    asterisk.cli("module unload app_queue.so")
    asterisk.cli("dialplan set global ARI_APP_DIALPLAN 0")
    found = findings(type_in)
    asterisk.cli("module load app_queue.so")
    asterisk.cli("dialplan set global ARI_APP_DIALPLAN 1")
    assert found["asterisk modules"]["detail"] == "not running: app_queue.so"
    assert "modules.conf" in str(found["asterisk modules"]["remedy"])
    assert not found["dialplan"]["is_fine"]
    assert "extensions.conf" in str(found["dialplan"]["remedy"])
    found = findings(type_in)
    assert found["asterisk modules"]["is_fine"] and found["dialplan"]["is_fine"]


def test_a_database_that_is_away_is_told(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    surroundings.setenv("DATABASE_URL", "postgresql+asyncpg://somebody:geheim@127.0.0.1:1/nowhere")
    result = type_in("check")
    assert result.exit_code == 1
    assert "start Postgres, or correct DATABASE_URL" in result.stdout and "version 22" in result.stdout
    assert "geheim" not in result.output


def test_prompts_without_sound_are_told(surroundings: pytest.MonkeyPatch, type_in: Type, tmp_path: Path) -> None:
    surroundings.setenv("ARI_APP_SOUNDS_DIR", str(tmp_path))
    assert not findings(type_in)["prompts"]["is_fine"]


def test_a_database_that_is_not_at_head_is_told(
    surroundings: pytest.MonkeyPatch, type_in: Type, empty_database_url: str
) -> None:
    surroundings.setenv("DATABASE_URL", empty_database_url)
    found = findings(type_in)
    assert found["database"]["is_fine"]
    assert found["database schema"]["remedy"] == "ari-app migrate"


def test_audit_of_a_time_without_calls_agrees(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    result = type_in("audit", "--since", datetime.now(UTC).isoformat(), "--until", datetime.now(UTC).isoformat())
    assert result.exit_code == 0, result.output
    assert "differences:                none" in result.stdout


def test_audit_without_a_log_says_which_setting_is_missing(surroundings: pytest.MonkeyPatch, type_in: Type) -> None:
    surroundings.delenv("ARI_APP_CEL_FILE")
    result = type_in("audit")
    assert result.exit_code == 2
    assert "ARI_APP_CEL_FILE" in result.stderr


def test_the_program_itself_says_in_one_line_that_asterisk_refuses_it(surroundings: pytest.MonkeyPatch) -> None:
    environment = {**os.environ, "ARI_APP_ARI_PASSWORD": "mis-geraden", "ARI_APP_WEB_PORT": "0"}
    command = [sys.executable, "-m", "ari_app", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "ARI_APP_ARI_USER" in done.stderr
    assert "mis-geraden" not in done.stderr and "Traceback" not in done.stderr
