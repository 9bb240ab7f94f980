"""Takes commands out of their table, has them carried out by whoever can, and stores the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial

import structlog

from ari_app.calls.operators.commands import OperatorCommands
from ari_app.core.account_commands import AccountCommand
from ari_app.core.area import Area
from ari_app.core.area_commands import CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.commands import AskedCommand
from ari_app.core.directory_commands import ChangeDirectory, RemoveEntry
from ari_app.core.ids import AsteriskId, CommandId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.login_phones import login_phones
from ari_app.core.operator_commands import Answer, Command, RefusalReason, Refused, Unanswered
from ari_app.core.promise_commands import MakePromise
from ari_app.core.provider import ProviderGrants
from ari_app.core.script_commands import ChooseScript
from ari_app.core.state_commands import (
    BeReady,
    EndWrapUpTime,
    LogIn,
    LogOff,
    OpenPhone,
    StateCommand,
    TakePause,
    TakePauseAfterCall,
)
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, AssignRequest, CloseByPerson, UnlockPin
from ari_app.core.wrap_ups import WrapUp
from ari_app.jobs.browser_phones import BrowserPhones
from ari_app.jobs.directory_commands import TRY_SECONDS
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.commands.claims import ClaimedCommand, CommandClaims, Deed, deed_of
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import StorageError
from ari_app.storage.db.feed import CommandAsked, Feed
from ari_app.storage.db.notifications import COMMAND_CHANNEL
from ari_app.storage.operators.phones import phones_within

log = structlog.get_logger(__name__)

#: a notification may be lost; nobody who pressed a button waits longer for that
LOOK_SECONDS = 1.0
RETRY_SECONDS = 0.5
#: an import from a terminal may go on for a minute; whoever waits before a page is told before that
DIRECTORY_SECONDS = 15.0


class CommandClaimer:
    """One per controller. `is_ready`: whether calls are handled now; else commands wait, and expire.

    `provider`: the identity provider whose people the pages may speak of. `phones`: those in pages of operators.
    """

    def __init__(
        self,
        database: Database,
        claims: CommandClaims,
        commands: OperatorCommands,
        area: Callable[[], Area],
        clock: Callable[[], datetime],
        node: AsteriskId,
        is_ready: Callable[[], bool],
        start: Callable[[Coroutine[None, None, None], str], None],
        phones: BrowserPhones,
        provider: ProviderGrants | None = None,
    ) -> None:
        self._database = database
        self._claims = claims
        self._commands = commands
        self._area = area
        self._clock = clock
        self._node = node
        self._is_ready = is_ready
        self._start = start
        self._provider = provider
        self._phones = phones
        self._under_way: set[CommandId] = set()

    async def follow(self) -> None:
        """For as long as the application runs. After a fault of ours it may be begun again: it takes what waits."""
        async with Feed(self._database.url, (COMMAND_CHANNEL,), resync_seconds=LOOK_SECONDS) as feed:
            async for heard in feed:
                is_other_nodes = isinstance(heard, CommandAsked) and heard.node not in (None, self._node)
                if not self._is_ready() or is_other_nodes:
                    continue
                try:
                    if isinstance(heard, CommandAsked):
                        await self._take()
                    elif await self._claims.any_open():
                        await self._take()
                        await self._claims.settle(self._under_way)
                except StoreUnavailable:
                    continue  # the next look is a second away
                except StorageError as error:
                    log.error("commands_not_taken", error=str(error))

    async def _take(self) -> None:
        for claimed in await self._claims.claim():
            self._under_way.add(claimed.asked.id)
            self._start(self._carry_out(claimed), f"command {claimed.asked.id}")

    async def _carry_out(self, claimed: ClaimedCommand) -> None:
        try:
            await self._answered(claimed)
        except Exception:
            await self._store(claimed, Unanswered())
            raise
        finally:
            self._under_way.discard(claimed.asked.id)

    async def _answered(self, claimed: ClaimedCommand) -> None:
        asked = claimed.asked
        match asked.command:
            case AllowTransfer() | AskAllowance() | UnlockPin() | WrapUp() | AssignRequest() | CloseByPerson():
                await self._change_rows(claimed)
            case SetCalamity() | EndCalamity() | CloseEarly() | OpenAgain() | MakePromise() | ChooseScript():
                await self._change_rows(claimed)
            case ChangeDirectory() | RemoveEntry():
                await self._change_directory(claimed)
            case of_account if isinstance(of_account, AccountCommand):
                await self._change_rows(claimed)
            case BeReady() | TakePause() | TakePauseAfterCall() | EndWrapUpTime() | LogOff() as wanted:
                await self._store(claimed, await self._change_state(claimed, wanted), deed_of(claimed))
            case LogIn():
                await self._store(claimed, await self._log_in(asked, asked.command))
            case OpenPhone() as phone:
                await self._store(claimed, await self._open_phone(asked, phone))
            case _ as wanted:
                await self._store(claimed, await self._about_caller(claimed, wanted))

    async def _store(self, claimed: ClaimedCommand, answer: Answer, deed: Deed | None = None) -> None:
        """The answer is stored however long the store is away: it is the only one that is true."""
        while True:
            try:
                return await self._claims.answer(claimed.asked.id, answer, deed)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _about_caller(self, claimed: ClaimedCommand, wanted: Command) -> Answer:
        operator, call_id = claimed.asked.operator, claimed.asked.call_id
        if operator is None:
            return Refused(RefusalReason.NOT_YOURS)
        if call_id is None:
            return await self._commands.ask(
                operator, wanted, command_id=claimed.asked.id, session_id=claimed.session_id
            )
        return await self._commands.ask_call(
            call_id, operator, wanted, command_id=claimed.asked.id, session_id=claimed.session_id
        )

    async def _change_state(self, claimed: ClaimedCommand, wanted: StateCommand) -> Answer:
        operator, session_id = claimed.asked.operator, claimed.session_id
        if operator is None or session_id is None:
            return Refused(RefusalReason.NOT_LOGGED_IN)
        return await self._commands.ask_state(operator, wanted, command_id=claimed.asked.id, session_id=session_id)

    async def _log_in(self, asked: AskedCommand, wanted: LogIn) -> Answer:
        """Only at a phone of this operator: one on which they logged in before, which began with a PIN, or one that the
        directory of their municipalities has.
        """
        operator = asked.operator
        if operator is None or operator not in self._area().operators:
            return Refused(RefusalReason.UNKNOWN_DESTINATION)
        is_listed = wanted.phone in login_phones(self._area(), operator)
        if not is_listed and wanted.phone not in await phones_within(self._database.pool, operator, None):
            return Refused(RefusalReason.UNKNOWN_DESTINATION)
        return await self._commands.log_in(operator, wanted.phone, command_id=asked.id)

    async def _open_phone(self, asked: AskedCommand, wanted: OpenPhone) -> Answer:
        operator = asked.operator
        if operator is None or operator not in self._area().operators:
            return Refused(RefusalReason.UNKNOWN_DESTINATION)
        return await self._phones.open(operator, wanted)

    # --- what only rows say ---

    async def _change_rows(self, claimed: ClaimedCommand) -> None:
        """What only rows say is carried out and answered in one transaction: it happens once, or not at all."""
        while True:
            # The moment is that of this try: the store may be away for minutes.
            work = partial(change_rows, claimed, self._area(), self._clock(), provider=self._provider)
            try:
                return await self._claims.carry_out(claimed.asked.id, work)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def _change_directory(self, claimed: ClaimedCommand) -> None:
        """The same, while others import as well and for a file that takes long; given up after a while.

        What was given up is not done: the refusal is stored only where no try was committed.
        """
        loop = asyncio.get_running_loop()
        until, pool = loop.time() + DIRECTORY_SECONDS, self._database.background
        while loop.time() < until:
            work = partial(change_rows, claimed, self._area(), self._clock())
            try:
                return await self._claims.carry_out(claimed.asked.id, work, pool, TRY_SECONDS)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return await self._store(claimed, Refused(RefusalReason.STORE_AWAY))
