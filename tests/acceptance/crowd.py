"""Many people at once: an area for them, operators who dial in, and a load of calls under which things break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ari_app.core.event_log.audit import AuditReport, DifferenceKind, Period, audit
from ari_app.core.event_log.cel import histories
from ari_app.core.ids import AsteriskId
from ari_app.jobs import cel_file
from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.calls.reads import recorded_channels
from ari_app.storage.db.engine import Database
from tests.acceptance import phones as scenarios
from tests.acceptance.desks import operators_dial_in
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phone import Phone
from tests.acceptance.phones import Sipp, SippRun
from tests.acceptance.record import eventually, questions
from tests.patience import PATIENCE_SECONDS
from tests.place import address

#: dialled numbers of the crowd's area
BUSY, CLOSED, SLOW = "0119990500", "0119990600", "0119990700"
SHARED = "140119"
BUSY_KEY, CLOSED_KEY, SLOW_KEY, WRONG_KEYS = "5", "6", "7", "99"

#: what runs meanwhile when something breaks
LOAD_PER_SECOND = 5.0
#: what a citizen of the crowd says; no multiple of fifty, so that one packet less can be heard
TONE = 710
#: how far apart the record and the log may be on a busy machine: Asterisk stamps a channel and its log row at different
#: moments. The 100 ms of `ari-app audit` hold on one that is not.
BUSY_SECONDS = 2.0

#: phones of SIPp's operators; the first eight are the phone network's desks
FIRST_DESK, DESKS = 9, 12

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = "hours = { " + ", ".join(f'{day} = ["00:00-24:00"]' for day in _DAYS) + " }"


def crowd_area() -> str:
    """A busy municipality whose operators need no whisper and no wrap-up, a closed one, and one without operators."""
    towns = [
        ("GM9911", "Drukdam", BUSY, True),
        ("GM9912", "Dichtstad", CLOSED, False),
        ("GM9913", "Leegland", SLOW, True),
    ]
    parts = [
        f'[[municipality]]\ncode = "{code}"\nname = "{name}"\ngeographic = ["{number}"]\n'
        + (f"open_on_legal_days = true\n{_HOURS}\n" if is_open else "")
        + "norms = { nobody_grace_seconds = 600, position_every_seconds = 20 }\n"
        for code, name, number, is_open in towns
    ]
    parts.append(f'[[shared_number]]\nnumber = "{SHARED}"\ndefault = "GM9911"\n')
    parts += [
        f'[[shared_number.member]]\nmunicipality = "{code}"\nkey = {key}\n'
        for key, (code, _, _, _) in enumerate(towns, start=int(BUSY_KEY))
    ]
    team = 'serves = ["GM9911"]\nwhisper = "none"\nwrap_up_seconds = 0\n'
    parts.append(f'[[team]]\ncode = "druk"\nname = "Druk"\n{team}')
    parts.append('[[team]]\ncode = "leeg"\nname = "Leeg"\nserves = ["GM9913"]\nwhisper = "none"\nwrap_up_seconds = 0\n')
    for at in range(DESKS):
        parts.append(
            f'[[operator]]\nnumber = "{201 + at}"\nname = "Druk {at}"\nteams = ["druk"]\npin = "{420100 + at}"\n'
        )
    parts.append('[[operator]]\nnumber = "301"\nname = "Leeg"\nteams = ["leeg"]\npin = "4301"\n')
    return "\n".join(parts)


@dataclass
class Crowd:
    """People with simple phones at one exchange."""

    asterisk: LocalAsterisk
    exchange: Exchange
    database_url: str
    directory: Path

    def __post_init__(self) -> None:
        self.since = datetime.now(UTC)
        self.citizens = Sipp(self.exchange, address(21), self.directory)
        self._desks = Sipp(self.exchange, address(52), self.directory)

    def operator(self, at: int, stay_seconds: float) -> SippRun:
        """Operator 201 + at dials in at their own phone."""
        account = self.asterisk.accounts[FIRST_DESK - 1 + at]
        return self._desks.start(
            scenarios.operator_dials_in(account, str(201 + at), str(420100 + at), stay_seconds=stay_seconds)
        )

    def lone_operator(self, stay_seconds: float) -> SippRun:
        """The one operator of the slow municipality dials in, at the last desk."""
        account = self.asterisk.accounts[FIRST_DESK - 1 + DESKS]
        return self._desks.start(scenarios.operator_dials_in(account, "301", "4301", stay_seconds=stay_seconds))

    @asynccontextmanager
    async def operators(self, count: int, stay_seconds: float = 240.0) -> AsyncIterator[None]:
        """So many operators on standing lines, ready; Asterisk hangs everybody up at the end."""
        desks = self.asterisk.accounts[FIRST_DESK - 1 :][:count]
        keyed = [(desk, f"{201 + at}#{420100 + at}#") for at, desk in enumerate(desks)]
        async with self._desks.start(operators_dial_in(keyed, stay_seconds), calls=count, per_second=20) as run:
            ready = "SELECT count(*) FROM operator_session WHERE operator LIKE '2%' AND logged_out_at IS NULL"
            await eventually(self.database_url, ready, equals=count)
            yield
            self.asterisk.cli("channel request hangup all")
            await ended([run])
            open_lines = "SELECT count(*) FROM operator_line WHERE ended_at IS NULL"
            await eventually(self.database_url, open_lines, equals=0)

    def load(self, calls: int, talk_seconds: float = 1.0) -> SippRun:
        """Calls to the busy municipality, each hung up by the caller."""
        return self.citizens.start(
            scenarios.citizen_calls(BUSY, hold_seconds=talk_seconds), calls=calls, per_second=LOAD_PER_SECOND
        )

    async def load_runs(self, calls: int = 10) -> None:
        """Wait until the load has brought so many more calls."""
        now = await self.ask("SELECT count(*) FROM call")
        assert isinstance(now, int)
        await eventually(self.database_url, "SELECT count(*) >= $1 FROM call", now + calls)

    async def ask(self, query: str, *arguments: object) -> object:
        async with questions(self.database_url) as record:
            return await record.fetchval(query, *arguments)

    async def moment(self, query: str, *arguments: object) -> datetime:
        answer = await self.ask(query, *arguments)
        assert isinstance(answer, datetime)
        return answer

    async def newest_slow_call_is(self, stage: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the newest call to the slow municipality is in this stage."""
        query = "SELECT stage FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at DESC LIMIT 1"
        await eventually(self.database_url, query, equals=stage, within_seconds=within_seconds)

    @asynccontextmanager
    async def talk_and_waiting(self, phones: PhoneNetwork) -> AsyncIterator[tuple[Phone, Phone, Phone]]:
        """The slow municipality's operator, at phone01, with a citizen who speaks a tone, and another who waits."""
        operator = await phones.operator("phone01", "301", "4301")
        is_ready = "SELECT state FROM operator_session WHERE operator = '301' AND logged_out_at IS NULL"
        await eventually(self.database_url, is_ready, equals="ready")
        talker = await phones.citizen(SLOW)
        await self.newest_slow_call_is("talking")
        await talker.speak_tone(TONE)
        await operator.hears_tone(TONE)
        waiter = await phones.citizen(SLOW)
        await self.newest_slow_call_is("waiting")
        yield operator, talker, waiter
        for phone in (waiter, talker, operator):
            await phone.hang_up()
            await phone.ended()

    async def heartbeat_is_older_than(self, seconds: float, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the application has not written its heartbeat for so long."""
        async with asyncio.timeout(within_seconds):
            while True:
                age = await self._heartbeat_age()
                if age > seconds:
                    return
                await asyncio.sleep(max(0.05, seconds - age))  # it is so no sooner

    async def heartbeat_is_back(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the application writes its heartbeat: from then on new calls are its own."""
        async with asyncio.timeout(within_seconds):
            while True:
                if await self._heartbeat_age() <= 2:
                    return
                await asyncio.sleep(0.1)  # no event tells of a global variable

    async def _heartbeat_age(self) -> float:
        answer = await asyncio.to_thread(self.asterisk.cli, "dialplan show globals")
        beat = next((line for line in answer.splitlines() if "ARI_APP_HEARTBEAT=" in line), "=0")
        return time.time() - int(beat.rpartition("=")[2] or 0)

    async def empty(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until no call is open."""
        await self.empty_but(0, within_seconds)

    async def empty_but(self, open_calls: int, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until only so many calls are open."""
        query = "SELECT count(*) FROM call WHERE stage <> 'ended'"
        await eventually(self.database_url, query, equals=open_calls, within_seconds=within_seconds)

    async def fallback_is_recorded(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the record has every call that the fallback took and that is over by now, with its true end."""
        found = (await self.audit(self.since)).differences
        missing = [one.channel_id for one in found if one.kind is DifferenceKind.FALLBACK_NOT_RECORDED]
        recorded = "SELECT count(DISTINCT channel_id) FROM call_leg WHERE channel_id = ANY($1)"
        await eventually(self.database_url, recorded, missing, equals=len(missing), within_seconds=within_seconds)
        query = "SELECT count(*) FROM call WHERE handled_by_fallback AND end_is_estimated"
        await eventually(self.database_url, query, equals=0, within_seconds=within_seconds)

    async def slow_ends(self) -> list[tuple[str, bool]]:
        """How each call to the slow municipality ended, and whether by the fallback, as they came; no leg is open."""
        async with questions(self.database_url) as record:
            assert await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL") == 0
            query = "SELECT end_reason, handled_by_fallback FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at"
            return [(row[0], row[1]) for row in await record.fetch(query)]

    async def audit(self, since: datetime, until: datetime | None = None) -> AuditReport:
        """Compare the record with Asterisk's own channel event log."""
        period = Period(since, until or datetime.now(UTC))
        events = list(cel_file.events_since(self.asterisk.cel_file, since))
        async with Database(self.database_url) as database:
            recorded = await recorded_channels(database.background, AsteriskId("node1"), period.since, period.until)
        return audit(histories(events), recorded, period, BUSY_SECONDS)

    async def agrees(self, since: datetime) -> AuditReport:
        """The record says what Asterisk's own log says, or the test ends here with the differences."""
        report = await self.audit(since)
        assert report.agrees, report.as_text()
        return report


async def ended(runs: Sequence[SippRun]) -> None:
    """Wait for all; every call of each must have gone as its scenario says."""
    for run in runs:
        result = await run.ended()
        assert result.failed == 0, result.complaint
