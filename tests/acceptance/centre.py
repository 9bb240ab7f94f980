"""A contact centre at work, for many tests in a row: exchange, application, record, and the phones of everybody.

Calls are told apart by the number of the caller: every citizen of a test gets a number of their own.
"""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import tomli_w

from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.area.calamities import end_calamity, set_calamity
from ari_app.storage.db.engine import Database
from tests.acceptance import prepared
from tests.acceptance.aftermath import assert_everybody_is_in_place, assert_nothing_is_left
from tests.acceptance.application import Application, sample_area
from tests.acceptance.ari_proxy import AriProxy
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.phone import Phone
from tests.acceptance.record import eventually, questions
from tests.patience import PATIENCE_SECONDS
from tests.words import strings

ALWAYS = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
HURRY = 3

Row = Mapping[str, Any]


def edited_sample(change: Callable[[dict[str, Any]], None]) -> str:
    """The sample area with changes, as the text of an area file.

    Callers are not asked to be called back, but where the changes say that they are.
    """
    area = tomllib.loads(sample_area())
    change(area)
    for municipality in area["municipality"]:
        municipality.setdefault("callback", {}).setdefault("offered", False)
    return tomli_w.dumps(area)


def entry(area: dict[str, Any], kind: str, key: str) -> dict[str, Any]:
    """One municipality, team, operator or shared number of a parsed area file."""
    found: dict[str, Any] = next(e for e in area[kind] if key in (e.get("code"), e.get("number")))
    return found


@dataclass
class Centre:
    """One running system. `sounds` is its own copy of the prompts, so that a test may add to it."""

    asterisk: LocalAsterisk
    phones: PhoneNetwork
    application: Application
    database_url: str
    sounds: Path
    #: between the application and Asterisk, where the module says WITH_FAULTS
    proxy: AriProxy
    _numbers: dict[Phone, str] = field(default_factory=dict)
    _fresh: Any = field(default_factory=lambda: count(1))
    _log_from: int = 0

    # --- people ---

    async def citizen(self, dials: str, *, withheld: bool = False, listens: bool = False) -> Phone:
        """A citizen with a number that nobody else in this run has."""
        number = f"+3120555{next(self._fresh):04}"
        phone = await self.phones.citizen(dials, number, withheld, listens)
        self._numbers[phone] = number
        return phone

    def number_of(self, citizen: Phone) -> str:
        return self._numbers[citizen]

    async def operator(self, account: str, number: str, *, listens: bool = False) -> Phone:
        """Somebody of the sample area who dials in and is ready for calls."""
        phone = await self.phones.desk(account, "1400", listens)
        await phone.answered()
        await phone.press(f"{number}#7{number}#")
        await self.operator_is(number, "ready")
        return phone

    async def dials_in(self, account: str, number: str, *, listens: bool = False) -> Phone:
        """Somebody whose phone is rung dials in, and is known; they are at work when they put the phone down."""
        phone = await self.phones.desk(account, "1400", listens)
        await phone.answered()
        await phone.press(f"{number}#7{number}#")
        newest = "SELECT operator FROM operator_line WHERE endpoint = $1 ORDER BY started_at DESC LIMIT 1"
        await eventually(self.database_url, newest, f"PJSIP/{account}", equals=number)
        return phone

    async def logs_out(self, account: str, number: str) -> None:
        """Somebody whose phone is rung dials in to log out."""
        phone = await self.dials_in(account, number)
        await phone.press("*8")
        await phone.ended()
        await self.operator_is(number, "away")

    # --- the record ---

    async def ask(self, query: str, *arguments: object) -> Any:
        async with questions(self.database_url) as record:
            return await record.fetchval(query, *arguments)

    async def becomes(self, query: str, answer: object, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a question to the record has this answer."""
        await eventually(self.database_url, query, equals=answer, within_seconds=within_seconds)

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with questions(self.database_url) as record:
            return list(await record.fetch(query, *arguments))

    async def call(self, citizen: Phone) -> Row:
        """The row of a citizen's call, as it is now."""
        (row,) = await self.rows("SELECT * FROM call WHERE pii_caller_number = $1", self._numbers[citizen])
        return dict(row)

    async def legs(self, citizen: Phone) -> list[asyncpg.Record]:
        """In the order in which they began; of a citizen who is gone, once the record has the end of the call."""
        if citizen.is_over:
            await self.call_is(citizen, "ended")
        return await self.rows(
            "SELECT l.* FROM call_leg l JOIN call c ON c.id = l.call_id WHERE c.pii_caller_number = $1"
            " ORDER BY l.started_at, l.role",
            self._numbers[citizen],
        )

    async def facts(self, citizen: Phone) -> list[str]:
        rows = await self.rows(
            "SELECT f.kind FROM call_fact f JOIN call c ON c.id = f.call_id WHERE c.pii_caller_number = $1"
            " ORDER BY f.seq",
            self._numbers[citizen],
        )
        return [row["kind"] for row in rows]

    async def call_is(self, citizen: Phone, stage: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a citizen's call is in this stage."""
        await self.call_has(citizen, "stage", stage, within_seconds)

    async def call_has(
        self, citizen: Phone, column: str, value: object, within_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until a column of a citizen's call has this value."""
        query = f"SELECT {column} FROM call WHERE pii_caller_number = $1"
        number = self._numbers[citizen]
        await eventually(self.database_url, query, number, equals=value, within_seconds=within_seconds)

    async def operator_is(self, number: str, state: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the newest session of an operator is in this state."""
        query = "SELECT state FROM operator_session WHERE operator = $1 ORDER BY logged_in_at DESC LIMIT 1"
        await eventually(self.database_url, query, number, equals=state, within_seconds=within_seconds)

    async def session(self, number: str) -> Row:
        """The newest session of an operator."""
        query = "SELECT * FROM operator_session WHERE operator = $1 ORDER BY logged_in_at DESC LIMIT 1"
        return dict((await self.rows(query, number))[0])

    async def whole_record(self) -> str:
        """Every text in every row of every table. A number of the database's own is like any PIN now and then."""
        names = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = [await self.rows(f'SELECT to_jsonb(t)::text FROM "{row["tablename"]}" t') for row in names]
        return "\n".join(text for rows in found for row in rows for text in strings(json.loads(row[0])))

    # --- the area ---

    async def calamity(self, municipality: str, text: str, then: AfterCalamity) -> None:
        """Switch a calamity text on, and wait until callers hear it."""
        now = datetime.now(UTC)
        calamity = Calamity(MunicipalityCode(municipality), now, None, text, then, "acceptance test")
        self.application.forget_log()
        async with Database(self.database_url) as database:
            await set_calamity(database.background, calamity, now)
        await self.application.says("area_loaded")

    async def no_calamity(self, municipality: str) -> None:
        self.application.forget_log()
        async with Database(self.database_url) as database:
            await end_calamity(
                database.background, MunicipalityCode(municipality), "acceptance test", datetime.now(UTC)
            )
        await self.application.says("area_loaded")

    def sound(self, name: str) -> Path:
        """The sound file of a prompt, such as `nl/niemand`."""
        return self.sounds / f"{name}.wav"

    async def ari_app(self, *arguments: str) -> int:
        """Type a command, with the settings of this application; returns its exit code."""
        code, _ = await prepared.run(arguments, self.application.environment())
        return code

    # --- between tests ---

    async def everybody_goes_home(self) -> None:
        """First all are where the rows say. Phones down, rung operators logged out; then nothing is open or left."""
        if self.application.is_up:
            await assert_everybody_is_in_place(self.asterisk, self.database_url)
        await self.phones.everybody_hangs_up()
        ringing = "SELECT operator, endpoint FROM operator_session WHERE logged_out_at IS NULL AND reach = 'ring'"
        async with asyncio.TaskGroup() as group:
            for row in await self.rows(ringing):
                group.create_task(self.logs_out(row["endpoint"].removeprefix("PJSIP/"), row["operator"]))
        await assert_nothing_is_left(self.asterisk, self.database_url, application=self.application)
        complaints = [e for e in self.application.log[self._log_from :] if e.get("level") in ("error", "critical")]
        self._log_from = len(self.application.log)
        assert not complaints, f"the application complained: {complaints}"
