"""The phone network: a second Asterisk in which every citizen, operator and desk phone of a test lives.

async with PhoneNetwork(program, exchange, accounts, directory) as network:
    citizen = await network.citizen(dials="140119", number="+31201234567")
    await citizen.answered()
    await citizen.press("1")
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from ari_app.local.asterisk import SipAccount
from ari_app.local.asterisk_root import AsteriskProgram
from ari_app.local.ports import Protocol, free_port
from tests.acceptance import network_conf
from tests.acceptance.booting import ready_socket, until_booted
from tests.acceptance.handset import Handset
from tests.acceptance.handset_wire import PutAway, connect
from tests.acceptance.network_conf import Exchange, NetworkPorts
from tests.acceptance.phone import Phone
from tests.acceptance.remote_control import Event, RemoteAsterisk, RemoteError, manager_events
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.sharing import asterisk_in_real_time

_STOP_SECONDS = 10.0


class PhoneNetwork:
    """Starts and stops the second Asterisk, and makes phones.

    `address` must be one of the addresses from which the exchange takes its trunk's calls; `desk_address` must not.
    """

    def __init__(
        self,
        program: AsteriskProgram,
        exchange: Exchange,
        accounts: Sequence[SipAccount],
        directory: Path,
        address: str = address(11),
        desk_address: str = address(51),
    ) -> None:
        self._program = program
        self._exchange = exchange
        self._accounts = {account.name: account for account in accounts}
        self._directory = directory
        self._address = address
        self._desk_address = desk_address
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._phones: dict[str, Phone] = {}
        self._registered: dict[str, asyncio.Event] = {name: asyncio.Event() for name in self._accounts}
        self._unregistered: dict[str, asyncio.Event] = {name: asyncio.Event() for name in self._accounts}
        self._calls_in: dict[str, asyncio.Queue[Phone]] = {name: asyncio.Queue() for name in self._accounts}
        self._calls_outside: defaultdict[str, asyncio.Queue[Phone]] = defaultdict(asyncio.Queue)
        self._arrivals: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> PhoneNetwork:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _start(self) -> None:
        password = secrets.token_hex(16)
        ports = NetworkPorts(
            carrier=self._exchange.carrier_port or free_port(Protocol.UDP, self._address),
            desks=free_port(Protocol.UDP, self._desk_address),
            http=free_port(Protocol.TCP, self._address),
            manager=free_port(Protocol.TCP, self._address),
        )
        conf = network_conf.write(
            self._directory,
            self._program,
            self._exchange,
            list(self._accounts.values()),
            self._address,
            self._desk_address,
            ports,
            password,
        )
        ready = self._directory / "ready.sock"
        with ready_socket(ready) as booted:
            output = await asyncio.to_thread((self._directory / "output").open, "wb")
            self._process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "TERM",  # a test run that is killed leaves nothing behind
                *self._program.command, "-C", str(conf), "-f", "-n", *asterisk_in_real_time(),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                env=dict(os.environ, NOTIFY_SOCKET=str(ready)), start_new_session=True,
            )  # fmt: skip
            output.close()
            await until_booted(self._process, booted, self._directory)
        self.remote = RemoteAsterisk(
            f"http://{self._address}:{ports.http}/ari", network_conf.USER, password, network_conf.APPLICATION
        )
        opened = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._read_events(opened)),
            asyncio.create_task(self._read_registrations(ports.manager, password)),
        ]
        opening = asyncio.create_task(opened.wait())
        await asyncio.wait({opening, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        opening.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    async def _registration(self, order: str, account: str) -> None:
        """Give an order about the registration of one account, or of *all."""
        command = [*self._program.command, "-C", str(self._directory / "etc/asterisk.conf")]
        process = await asyncio.create_subprocess_exec(
            *command, "-rx", f"pjsip send {order} {account}", stdout=asyncio.subprocess.DEVNULL
        )
        await process.wait()

    async def leaves(self, account: str) -> None:
        """A phone tells the exchange that it goes away."""
        await self._registration("unregister", account)
        await self._unregistered[account].wait()

    async def comes_back(self, account: str) -> None:
        await self._registration("register", account)
        await self.registered(account)

    async def _everybody_leaves(self) -> None:
        """The exchange must not go on ringing phones that are no more."""
        leaving = [account for account, event in self._registered.items() if event.is_set()]
        await self._registration("unregister", "*all")
        for account in leaving:
            await self._unregistered[account].wait()

    async def stop(self) -> None:
        """End the Asterisk of the network, with all its calls."""
        if self._process is not None and self._process.returncode is None:
            with suppress(TimeoutError):  # the exchange may be gone itself
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._everybody_leaves()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for phone in self._phones.values():
            await phone.put_away()
        if hasattr(self, "remote"):
            await self.remote.close()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            in_calls = [phone for phone in self._phones.values() if phone.ending is None]
            (process.terminate if in_calls else process.kill)()  # goodbyes take a second
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _read_events(self, opened: asyncio.Event) -> None:
        async for event in self.remote.events(opened.set):
            await self._take(event)

    async def _take(self, event: Event) -> None:
        channel = event.get("channel") or event.get("peer") or {}
        channel_id = channel.get("id", "")
        if event["type"] == "StasisStart":
            match event["args"]:
                case ["rings", account]:
                    await self._ring(channel_id, account, self._calls_in[account])
                case ["outside", dialled]:
                    await self._ring(channel_id, f"outside {dialled}", self._calls_outside[_subscriber(dialled)])
            if channel_id in self._arrivals:
                self._arrivals[channel_id].set()
        if channel_id in self._phones:
            self._phones[channel_id].saw(event)

    async def _ring(self, channel_id: str, name: str, calls: asyncio.Queue[Phone]) -> None:
        phone = self._phones[channel_id] = Phone(channel_id, name, self.remote, self)
        with suppress(RemoteError):  # the caller may have given up already; the phone then learns that it ended
            await self.remote.order("POST", f"channels/{channel_id}/ring")
        calls.put_nowait(phone)

    async def _read_registrations(self, port: int, password: str) -> None:
        async for packet in manager_events(self._address, port, network_conf.USER, password):
            if packet.get("Event") in ("Registry", "OutboundRegistrationDetail"):
                account = packet.get("Username") or packet.get("ObjectName") or ""
                account = account.removeprefix("sip:").partition("@")[0]
                if account in self._registered:
                    is_there, is_away = self._registered[account], self._unregistered[account]
                    if packet.get("Status") != "Registered":
                        is_there, is_away = is_away, is_there
                    is_there.set()
                    is_away.clear()

    async def registered(self, account: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the exchange knows where this phone is."""
        async with asyncio.timeout(within_seconds):
            await self._registered[account].wait()

    async def all_registered(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        async with asyncio.timeout(within_seconds):
            for event in self._registered.values():
                await event.wait()

    async def citizen(
        self, dials: str, number: str = "+31201234567", withheld: bool = False, listens: bool = False
    ) -> Phone:
        """A citizen dials a number through the carrier. Withheld: From is anonymous, the carrier still knows (PAI).

        `listens`: with the phone at the ear before the first tone, so that nothing that sounds is missed.
        """
        # what an outgoing channel shows of itself is its connected line, not its caller id
        shown = "prohib_passed_screen" if withheld else "allowed_passed_screen"
        variables = {"CONNECTEDLINE(num,i)": number, "CONNECTEDLINE(num-pres,i)": shown}
        uri = f"sip:{dials}@{self._exchange.address}:{self._exchange.sip_port}"
        return await self._dial(f"PJSIP/carrier/{uri}", f"citizen {number}", variables, listens)

    async def desk(self, account: str, dials: str, listens: bool = False) -> Phone:
        """Somebody dials a number on their registered phone."""
        uri = f"sip:{dials}@{self._exchange.address}:{self._exchange.sip_port}"
        return await self._dial(f"PJSIP/{account}/{uri}", account, {}, listens)

    async def operator(self, account: str, number: str, pin: str, dials: str = "1400") -> Phone:
        """An operator dials in, keys number and PIN, and stays on the line. Does not wait for the login to succeed."""
        phone = await self.desk(account, dials)
        await phone.answered()
        await phone.press(f"{number}#{pin}#")
        return phone

    async def incoming(self, account: str, within_seconds: float = PATIENCE_SECONDS) -> Phone:
        """Wait until a desk phone rings, if it does not already; to be picked up, declined, or left ringing."""
        return await _next_call(self._calls_in[account], account, within_seconds)

    async def outside(self, number: str, within_seconds: float = PATIENCE_SECONDS) -> Phone:
        """Wait until the exchange calls this number over the trunk, in whatever form; to be used as `incoming`."""
        return await _next_call(self._calls_outside[_subscriber(number)], number, within_seconds)

    async def everybody_hangs_up(self) -> None:
        for phone in list(self._phones.values()):
            if phone.ending is None:
                await phone.hang_up()

    async def _dial(self, endpoint: str, name: str, variables: dict[str, str], listens: bool) -> Phone:
        channel_id = f"phone-{uuid4()}"
        await self._create(channel_id, "channels/create", endpoint=endpoint)
        phone = self._phones[channel_id] = Phone(channel_id, name, self.remote, self)
        if listens:
            await phone.listen()
        for variable, value in variables.items():  # not before: who joins a bridge takes over what the others show
            await self.remote.order("POST", f"channels/{channel_id}/variable", variable=variable, value=value)
        await self.remote.order("POST", f"channels/{channel_id}/dial", timeout=0)
        return phone

    async def _create(self, channel_id: str, path: str, **query: str | int) -> None:
        """Make a channel and wait until it is in our application."""
        arrived = self._arrivals[channel_id] = asyncio.Event()
        try:
            await self.remote.order("POST", path, app=network_conf.APPLICATION, channelId=channel_id, **query)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await arrived.wait()
        finally:
            del self._arrivals[channel_id]

    async def connect_handset(self, channel_id: str) -> tuple[Handset, PutAway]:
        """The handset of a phone, and what puts it away."""
        return await connect(self.remote, self._create, self._address, channel_id)


async def _next_call(calls: asyncio.Queue[Phone], name: str, within_seconds: float) -> Phone:
    try:
        async with asyncio.timeout(within_seconds):
            while (phone := await calls.get()).ending is not None:
                pass
            return phone
    except TimeoutError:
        raise AssertionError(f"{name} did not ring within {within_seconds} s") from None


def _subscriber(dialled: str) -> str:
    """The number without the prefix that a caller may write before it: +31, 0031 or 0."""
    for prefix in ("+31", "0031", "0"):
        if dialled.startswith(prefix):
            return dialled.removeprefix(prefix)
    return dialled
