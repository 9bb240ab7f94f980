"""Many simple phones at once, played by SIPp: who calls, what they do, and what came of it.

Each run has an address of its own, is bounded in number and
time, and leaves its messages behind when something failed.

    result = await sipp.run(citizen_calls("140119", hold_seconds=2), calls=100, per_second=10)
    assert result.failed == 0, result.complaint
"""

from __future__ import annotations

import asyncio
import csv
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ari_app.local.asterisk import SipAccount
from tests.acceptance import dtmf
from tests.acceptance.network_conf import Exchange
from tests.acceptance.sipp_ports import media_port, signalling_port
from tests.acceptance.sipp_scenario import Caller, Scenario, Values
from tests.patience import PATIENCE_SECONDS
from tests.sharing import real_time

_SLACK_SECONDS = PATIENCE_SECONDS
_AT_ONCE = 200


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _dials(caller: Caller, dials: str) -> list[tuple[str, Values]]:
    if caller.password is None:
        return [("invite", {"DIALS": dials})]
    proof = f"{caller.headers}\n[authentication username={caller.user} password={caller.password}]"
    return [
        ("invite", {"DIALS": dials}),
        ("challenged", {"DIALS": dials}),
        ("invite", {"DIALS": dials, "CSEQ": 2, "HEADERS": proof}),
    ]


def citizen_calls(dials: str, hold_seconds: float, keys: str = "", caller: Caller | None = None) -> Scenario:
    """Calls, waits for the answer, presses keys perhaps, stays until the other side hangs up or the time is over."""
    caller = caller or Caller()
    call: Values = {"DIALS": dials, "CSEQ": 1 if caller.password is None else 2}
    keys_seconds = dtmf.duration_ms(keys) / 1000
    return Scenario(
        "calls",
        (
            *_dials(caller, dials),
            ("answered", call),
            ("ack", call),
            *([("keys", call)] if keys else []),
            ("hold", {"HOLD_MS": _ms(keys_seconds + hold_seconds)}),
            ("hang_up_caller", call),
        ),
        caller,
        keys,
        longest_seconds=2 * (keys_seconds + hold_seconds),  # a change of the session begins the wait anew
    )


def operator_dials_in(account: SipAccount, number: str, pin: str, stay_seconds: float, dials: str = "1400") -> Scenario:
    """An operator who keys number and PIN and stays on the line, until the other side hangs up at the latest."""
    return citizen_calls(dials, stay_seconds, f"{number}#{pin}#", Caller.account(account))


def citizen_gives_up(dials: str, patience_seconds: float, caller: Caller | None = None) -> Scenario:
    """Hangs up before anybody, or any prompt, answered (CANCEL)."""
    caller = caller or Caller()
    return Scenario(
        "gives_up",
        (
            *_dials(caller, dials),
            ("cancel", {"DIALS": dials, "PATIENCE_MS": _ms(patience_seconds)}),
            ("ack_refusal", {"DIALS": dials}),
        ),
        caller,
        longest_seconds=patience_seconds,
    )


def citizen_is_refused(
    dials: str, status: int, after_early_media: bool, within_seconds: float = 30.0, caller: Caller | None = None
) -> Scenario:
    """Is not answered: hears something for free perhaps (183), and then gets this status."""
    caller = caller or Caller()
    call: Values = {"DIALS": dials}
    refusal: Values = {"STATUS": status, "PROGRESS": "" if after_early_media else 'optional="true"'}
    return Scenario(
        "refused",
        (
            ("invite", call),
            ("refused", refusal),
            ("ack_refusal", call),
        ),
        caller,
        longest_seconds=within_seconds,
    )


def citizen_never_acks(dials: str, caller: Caller | None = None) -> Scenario:
    """Takes no notice of the answer; the exchange repeats it for 32 s and then gives up (BYE, or nothing at all)."""
    caller = caller or Caller()
    return Scenario(
        "never_acks",
        (*_dials(caller, dials), ("answered", {}), ("deaf", {})),
        caller,
        longest_seconds=40.0,
    )


def phone_registers(account: SipAccount, expect_status: int = 200) -> Scenario:
    """Tells the exchange where it is. A wrong password gives 401 again, an unknown account as well."""
    caller = Caller.account(account)
    proof = f"[authentication username={account.name} password={account.password}]"
    return Scenario(
        "registers",
        (
            ("register", {"STATUS": 401, "AUTH": 'auth="true"'}),
            ("register", {"STATUS": expect_status, "AUTH": "", "CSEQ": 2, "HEADERS": proof}),
        ),
        caller,
        longest_seconds=5.0,
    )


def phone_answers(account: SipAccount, ring_seconds: float, hold_seconds: float) -> Scenario:
    """Is called, rings, picks up, and hangs up after a while if the other side did not."""
    return Scenario(
        "answers",
        (
            ("rung", {}),
            ("pick_up", {"RING_MS": _ms(ring_seconds), "ANSWER": "200 OK", "AFTER": ""}),
            ("hold", {"HOLD_MS": _ms(hold_seconds)}),
            ("hang_up_callee", {}),
        ),
        Caller.account(account),
        longest_seconds=ring_seconds + hold_seconds,
    )


def phone_is_busy(account: SipAccount) -> Scenario:
    """Is called, and refuses at once (486)."""
    return _phone_refuses(account, "486 Busy Here", 0.0)


def phone_stays_silent(account: SipAccount, patience_seconds: float = 60.0) -> Scenario:
    """Rings, and nobody picks up until the caller gives up; after that time it says so itself (480)."""
    return _phone_refuses(account, "480 Temporarily Unavailable", patience_seconds)


def _phone_refuses(account: SipAccount, answer: str, after_seconds: float) -> Scenario:
    pick_up: Values = {
        "RING_MS": _ms(after_seconds),
        "ANSWER": answer,
        "AFTER": "",
        "BODY": "Content-Length: 0\n",
    }
    return Scenario(
        "refuses",
        (("rung", {}), ("pick_up", pick_up), ("over", {})),
        Caller.account(account),
        longest_seconds=after_seconds,
    )


@dataclass(frozen=True, slots=True)
class SippResult:
    """The outcome of a run."""

    created: int
    successful: int
    failed: int
    answer_ms: tuple[float, ...]  # from INVITE to the answer that was hoped for, of each call
    exit_code: int
    complaint: str  # what SIPp found wrong, and where its messages are


class Sipp:
    """Runs SIPp against one exchange, from one address. The directory keeps what it wrote."""

    def __init__(self, exchange: Exchange, address: str, directory: Path) -> None:
        self._exchange = exchange
        self.address = address
        self._directory = directory

    async def run(
        self, scenario: Scenario, calls: int = 1, per_second: float = 10.0, slack_seconds: float = _SLACK_SECONDS
    ) -> SippResult:
        """Run a scenario to its end, which comes by force when it takes longer than it can."""
        async with self.start(scenario, calls, per_second, slack_seconds) as running:
            return await running.ended()

    def start(
        self,
        scenario: Scenario,
        calls: int = 1,
        per_second: float = 10.0,
        slack_seconds: float = _SLACK_SECONDS,
        port: int | None = None,
    ) -> SippRun:
        """Start a scenario, to be used with `async with`; what still runs at its end is ended by force.

        `slack_seconds`: how much longer than its own steps the run may take, e.g. to wait for being called.
        """
        directory = self._directory / f"{scenario.name}-{secrets.token_hex(3)}"
        directory.mkdir(parents=True)
        limit_seconds = scenario.longest_seconds + calls / per_second + slack_seconds
        port = port or signalling_port(self.address)
        command = [
            "sipp", f"{self._exchange.address}:{self._exchange.sip_port}", "-nostdin",
            "-i", self.address, "-p", str(port),
            "-mi", self.address, "-mp", str(media_port(self.address)),
            "-m", str(calls), "-r", str(max(1, round(per_second * 10))), "-rp", "10000", "-l", str(_AT_ONCE),
        ]  # fmt: skip
        return SippRun(directory, scenario, command, limit_seconds, calls)

    async def registered(
        self, account: SipAccount, scenario: Scenario, calls: int = 1, slack_seconds: float = _SLACK_SECONDS
    ) -> SippRun:
        """Register a phone, and return a run, not started yet, in which it is called at the same port."""
        port = signalling_port(self.address)
        async with self.start(phone_registers(account), port=port) as registering:
            result = await registering.ended()
            assert result.failed == 0, result.complaint
        return self.start(scenario, calls, slack_seconds=slack_seconds, port=port)


class SippRun:
    """One SIPp process."""

    def __init__(
        self, directory: Path, scenario: Scenario, command: list[str], limit_seconds: float, calls: int
    ) -> None:
        self.directory = directory
        self._calls = calls
        self._limit_seconds = limit_seconds
        self._process: asyncio.subprocess.Process | None = None
        capture = directory / "keys.pcap"
        if scenario.keys:
            dtmf.write_capture(capture, scenario.keys)
        file = directory / "scenario.xml"
        file.touch(mode=0o600)  # it may hold a phone's password
        file.write_text(scenario.render(capture))
        table = ("-inf", str(scenario.table(directory))) if scenario.rows else ()
        self._command = [
            *command, *table, "-sf", str(file), "-timeout", f"{limit_seconds:.0f}s", "-timeout_error", "-aa",
            "-trace_stat", "-stf", str(directory / "stat.csv"), "-fd", "1", "-trace_rtt", "-rtt_freq", "1",
            "-trace_err", "-error_file", str(directory / "errors"),
            "-trace_msg", "-message_file", str(directory / "messages"),
        ]  # fmt: skip

    async def __aenter__(self) -> SippRun:
        output = await asyncio.to_thread((self.directory / "output").open, "wb")
        self._process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", *real_time(), *self._command,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.directory,
            env=dict(os.environ, TERM="dumb"),
        )  # fmt: skip
        output.close()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ended(self) -> SippResult:
        """Wait until all calls are over."""
        assert self._process is not None
        try:
            async with asyncio.timeout(self._limit_seconds + 5):
                code = await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"SIPp did not end within {self._limit_seconds:.0f} s; see {self.directory}") from None
        return _result(self.directory, code, self._calls)


def _result(directory: Path, code: int, calls: int) -> SippResult:
    rows = []
    if (stat := directory / "stat.csv").exists():
        with stat.open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
    last = rows[-1] if rows else {}
    created, successful = (int(last.get(name) or 0) for name in ("TotalCallCreated", "SuccessfulCall(C)"))
    failed = calls - successful  # also those that still lasted when SIPp gave up, or that it never began
    answers = []
    for rtt in directory.glob("*_rtt.csv"):
        with rtt.open(newline="") as file:
            answers += [float(row["response_time_ms"]) for row in csv.DictReader(file, delimiter=";")]
    errors = directory / "errors"
    said = errors.read_text(errors="replace")[:2000] if errors.exists() else ""
    complaint = f"SIPp: exit {code}, {successful} well, {failed} failed; messages in {directory}\n{said}"
    return SippResult(created, successful, failed, tuple(answers), code, complaint)
