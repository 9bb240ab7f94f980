"""One program that keeps promises, with a clock that a test turns, a mail server, a webhook and a telephone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime

from ari_app.callbacks.reminders import ReminderService
from ari_app.callbacks.service import CallbackService
from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.core.area import Area, Contact
from ari_app.core.callbacks import CallbackRequest, Created
from ari_app.core.ids import AsteriskId
from ari_app.jobs.callback_ticks import CallbackTicks
from ari_app.jobs.delivery import Mailer, NotSent, SmtpServer
from ari_app.jobs.reminder_sender import ReminderSender, Ways
from ari_app.storage.callbacks.reminders import ReminderQueue
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database
from ari_app.storage.db.outbox import Outbox
from tests.core.test_deadlines import local
from tests.jobs.mail_server import MailServer
from tests.storage.callback_values import DIRECTORY, KCC, asked

TEAM = replace(
    DIRECTORY.teams[KCC],
    reminders=Contact("kcc@gemeente.example", "PJSIP/phone20"),
    supervisor=Contact("chef@gemeente.example"),
)
AREA = replace(DIRECTORY, teams={**DIRECTORY.teams, KCC: TEAM})
MONDAY = local("2026-03-02T16:00")


class Hands:
    """A clock whose hands the test turns."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str) -> datetime:
        self.now = local(text)
        return self.now


@dataclass
class Hook:
    """A webhook that keeps what it is given; `away` is how often it fails first."""

    away: int = 0
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def send(self, event_id: str, payload: dict[str, object], at: datetime) -> None:
        if self.away:
            self.away -= 1
            raise NotSent("away")
        self.got.append((event_id, payload))


@dataclass
class Caller:
    answer: Spoken = Spoken.HEARD
    rung: list[SpokenReminder] = field(default_factory=list)

    async def remind(self, reminder: SpokenReminder) -> Spoken:
        self.rung.append(reminder)
        return self.answer


@dataclass
class Stand:
    """One program, as far as callbacks go."""

    database: Database
    mail: MailServer
    hands: Hands
    hook: Hook
    caller: Caller
    area: Area = AREA

    def __post_init__(self) -> None:
        self.store = PostgresCallbackStore(self.database.pool)
        self.service = CallbackService(self.store, lambda: self.area)
        self.reminders = ReminderService(self.store, lambda: self.area)
        self.queue = ReminderQueue(self.database.pool)
        mailer = Mailer(SmtpServer.from_url(self.mail.url), "terugbellen@gemeente.example")
        self.use(Ways(mailer, self.hook, self.caller))  # type: ignore[arg-type]

    def use(self, ways: Ways) -> None:
        outbox = Outbox(self.database.pool)
        self.sender = ReminderSender(self.reminders, self.queue, outbox, ways, lambda: self.area, self.hands)
        self.ticks = CallbackTicks(
            self.service, self.reminders, self.sender, lambda: self.area, self.hands, AsteriskId("node1")
        )

    async def ask(self, **changes: object) -> CallbackRequest:
        made = await self.service.create_or_join(asked(self.hands.now, **changes), self.hands.now)
        assert isinstance(made, Created)
        return made.request

    async def facts(self, request: CallbackRequest) -> list[dict[str, object]]:
        query = "SELECT kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
        rows = await self.database.pool.fetch(query, request.id)
        return [{"fact": row["kind"], **json.loads(row["detail"])} for row in rows]

    async def turn(self) -> None:
        await self.ticks.tick()
        await self.sender.mail()
        await self.sender.post()
        await self.sender.speak()

    async def close(self) -> None:
        await self.store.close()

    @property
    def mails(self) -> list[tuple[str, str]]:
        return [(str(message["To"]), str(message["Subject"])) for message in self.mail.messages]
