"""The accounts of phones in pages, in Asterisk's memory: put there, put there again, and taken out.

A row is the truth (`storage.accounts.phones`). Asterisk forgets when it restarts, and is given all of them at each
connection; until it has one, the relay does not let that page in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_network

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound
from ari_app.calls.messages import ApplyEvent
from ari_app.calls.registry import Registry
from ari_app.core.browser_phones import (
    CONFIG,
    RENDERED,
    RENDERED_IN,
    TECHNOLOGY,
    PhoneAccount,
    is_name,
    name_at,
    objects_of,
)
from ari_app.core.ids import AsteriskId, ChannelId, OperatorNumber
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_commands import ACCEPTED, Answer, RefusalReason, Refused, Unanswered
from ari_app.core.operators import LogOut, OperatorSession, OperatorState
from ari_app.core.state_commands import OpenPhone
from ari_app.storage.accounts.phones import (
    EndedPhone,
    ended_phones,
    forget_phones,
    is_pushed,
    living_phones,
    none_is_pushed,
    open_phone,
)
from ari_app.storage.db.engine import Pool

log = structlog.get_logger(__name__)

#: in the order in which they need each other
TYPES = ("auth", "aor", "endpoint")
#: orders to Asterisk at the same time when all are given to it: calls go on meanwhile
AT_ONCE = 4
#: the state of an endpoint without a contact, in ARI
OFFLINE = "offline"
_MAY_GET_CALLS = frozenset({OperatorState.READY, OperatorState.OFFERED})
#: how long the page of an operator who is not to get calls may be gone before its line is, and it is waited for
PAUSE_PATIENCE = timedelta(seconds=10)
#: more pages than these are looked for in the list of all phones
ASKED_ONE_BY_ONE = 10
RETRY_SECONDS = 0.5
#: a page from which nothing came for so long, and whose socket is gone, is gone itself
SILENT_SECONDS = 0.8


class BrowserPhones:
    """Of one node; one per controller.

    `relays`: names or addresses of the machines with `ari-app web`; no other may use an account.
    """

    def __init__(
        self,
        pool: Pool,
        ari: AriClient,
        node: AsteriskId,
        registry: Registry,
        clock: Callable[[], datetime],
        relays: Sequence[str],
    ) -> None:
        self._pool = pool
        self._ari = ari
        self._node = node
        self._registry = registry
        self._clock = clock
        self._relays = relays
        self._gone_since: dict[str, datetime] = {}
        self._giving = asyncio.Lock()
        self._connections = 0

    async def open(self, operator: OperatorNumber, wanted: OpenPhone) -> Answer:
        """Let the page of this login be a phone; its phone of before is one no more.

        Unanswered when Asterisk does not take it: the page asks again.
        """
        account = PhoneAccount(wanted.session, wanted.name, wanted.digest)
        try:
            before = await open_phone(self._pool, account, self._node, operator, self._clock())
            if before is None:
                return Refused(RefusalReason.NOT_LOGGED_IN)
            if before:
                await self._take_out(before)  # first: whatever becomes of the new one, nobody knows of the old one
            await self._push([account])
        except StoreUnavailable:
            return Refused(RefusalReason.STORE_AWAY)
        except AriError as error:
            log.warning("browser_phone_not_given", error=str(error))
            return Unanswered()
        return ACCEPTED

    async def give_all(self) -> None:
        """After each connection to Asterisk: it may have forgotten all. Goes on until it has them.

        One at a time: what an earlier connection took would count for the later one as well. An earlier round that
        still tries is left to the later one.
        """
        self._connections += 1
        mine = self._connections
        async with self._giving:
            while mine == self._connections:
                try:
                    await none_is_pushed(self._pool, self._node)
                    there = await self._known_to_asterisk()  # before the rows: what is opened meanwhile has one
                    living = await living_phones(self._pool, self._node, self._clock())
                    # Others are of a page whose next account came while Asterisk did not answer.
                    for name in there - {account.name for account in living}:
                        await self._take_out(name)
                    await self._push(living)
                except (StoreUnavailable, AriError) as error:
                    log.warning("browser_phones_not_given", error=str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    log.info("browser_phones_given", phones=len(living))
                    return

    async def tick(self) -> None:
        """Take out those whose login is over, and log out who is at work at one. Raises StoreUnavailable."""
        ended = await ended_phones(self._pool, self._node, self._clock())
        taken: list[str] = []
        try:
            for phone in ended:
                await self._take_out(phone.name)
                self._log_out(phone)
                taken.append(phone.name)
        except AriError as error:
            log.warning("browser_phone_not_taken_out", error=str(error))
        if taken:
            await forget_phones(self._pool, taken)
            log.info("browser_phones_taken_out", phones=len(taken))

    async def look(self) -> None:
        """Hang up lines whose page is gone: with its socket Asterisk has lost its contact, and hears nobody.

        At once when a caller may be sent there, after a while when the operator pauses. In a talk the sound goes on
        without the socket, so only a line without sound is hung up, and that at once: the caller is to hear music
        (`calls.operators.at_page`).
        """
        try:
            gone = await self._gone()
            self._gone_since = {name: self._gone_since.get(name, self._clock()) for name in gone}
            patient = [name for name, since in self._gone_since.items() if self._is_over(name, since)]
            silent = await self._silent([line.channel_id for name in gone if (line := self._talking(name)) is not None])
            for name in gone:
                line = self._lines().get(name)  # as it is now: a caller may have come or gone meanwhile
                if line is None or line.channel_id is None:
                    continue
                is_talking = line.state is OperatorState.TALKING
                if line.channel_id in silent if is_talking else name in patient:
                    log.info("page_is_gone", operator=line.operator, session_id=str(line.id))
                    with suppress(NotFound):  # it hung up by itself
                        await self._ari.channels.hangup(line.channel_id)
        except AriError as error:
            log.warning("browser_phones_not_seen", error=str(error))

    def _lines(self) -> dict[str, OperatorSession]:
        """Who is at work at a page that has a line, by the name of its account."""
        found = ((name_at(one.endpoint), one) for one in self._registry.sessions() if one.channel_id is not None)
        return {name: one for name, one in found if name is not None}

    def _talking(self, name: str) -> OperatorSession | None:
        line = self._lines().get(name)
        return line if line is not None and line.state is OperatorState.TALKING else None

    def _is_over(self, name: str, since: datetime) -> bool:
        """Whether the patience with a page that is not in a talk is over."""
        line = self._lines().get(name)
        at_once = line is not None and line.state in _MAY_GET_CALLS
        return at_once or self._clock() - since >= PAUSE_PATIENCE

    async def _gone(self) -> set[str]:
        """Those without a contact. An account that was taken out is that of a login that is over: `tick` sees to it,
        but for a talk without sound.
        """
        names = self._lines()
        technology = TECHNOLOGY.rstrip("/")
        if len(names) > ASKED_ONE_BY_ONE:
            states = {one.resource: one.state for one in await self._ari.endpoints.list_by_tech(technology)}
        else:
            states = {}
            for name in names:
                with suppress(NotFound):
                    states[name] = (await self._ari.endpoints.get(technology, name)).state
        unknown = {name for name in names if name not in states and self._talking(name) is not None}
        return unknown | {name for name in names if states.get(name) == OFFLINE}

    async def _silent(self, channels: Collection[ChannelId | None]) -> set[ChannelId]:
        """Those from which nothing came in a while: a page that is there sends sound fifty times a second."""
        before = await self._received(channels)
        if not before:
            return set()
        await asyncio.sleep(SILENT_SECONDS)
        after = await self._received(before)
        return {channel_id for channel_id, packets in before.items() if after.get(channel_id, packets) == packets}

    async def _received(self, channels: Collection[ChannelId | None]) -> dict[ChannelId, int]:
        """The packets that came from each; one that is gone is not among them."""
        found = {}
        for channel_id in channels:
            if channel_id is not None:
                with suppress(NotFound):
                    found[channel_id] = (await self._ari.channels.rtpstatistics(channel_id)).received_packets
        return found

    def _log_out(self, phone: EndedPhone) -> None:
        """At once, or after the talk that goes on."""
        entry = None if phone.operator is None else self._registry.session_of(phone.operator)
        if entry is not None and entry.session.endpoint == f"{TECHNOLOGY}{phone.name}":
            entry.mailbox.post(ApplyEvent(LogOut(self._clock())))

    async def _push(self, accounts: Iterable[PhoneAccount]) -> None:
        accounts = list(accounts)
        if not accounts:
            return
        rendered = {
            pair.attribute: pair.value
            for pair in await self._ari.asterisk.get_object(CONFIG, "endpoint", RENDERED_IN)
            if pair.attribute in RENDERED
        }
        relays = await addresses_of(self._relays)
        for first in range(0, len(accounts), AT_ONCE):
            pushes = [self._push_one(account, rendered, relays) for account in accounts[first : first + AT_ONCE]]
            # All of them end before an error is raised: none goes on behind the next try.
            for error in await asyncio.gather(*pushes, return_exceptions=True):
                if error is not None:
                    raise error

    async def _push_one(self, account: PhoneAccount, rendered: Mapping[str, str], relays: Sequence[str]) -> None:
        for kind, fields in objects_of(account, rendered, relays):
            await self._ari.asterisk.update_object(CONFIG, kind, account.name, fields=fields)
        await is_pushed(self._pool, account.name, self._clock())

    async def _known_to_asterisk(self) -> set[str]:
        there = await self._ari.endpoints.list_by_tech(TECHNOLOGY.rstrip("/"))
        return {one.resource for one in there if is_name(one.resource)}

    async def _take_out(self, name: str) -> None:
        for kind in reversed(TYPES):
            with suppress(NotFound):
                await self._ari.asterisk.delete_object(CONFIG, kind, name)


async def addresses_of(relays: Sequence[str]) -> list[str]:
    """Networks as they are; a name stands for every address that it has now. One that has none is left out."""
    found: list[str] = []
    for relay in relays:
        try:
            found.append(str(ip_network(relay, strict=False)))
        except ValueError:
            try:
                known = await asyncio.get_running_loop().getaddrinfo(relay, None)
            except OSError:
                log.warning("relay_unknown", relay=relay)
                continue
            found += sorted({str(one[4][0]) for one in known})
    return found
