"""The test stand: one Asterisk that serves all contenders, with phones for each of them, and an area for ours."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ari_app.core.event_log.cel import ChannelHistory, histories
from ari_app.jobs import cel_file
from ari_app.local.asterisk import AccountKind, AsteriskSettings, LocalAsterisk, SipAccount
from ari_app.local.asterisk_root import AsteriskProgram
from ari_app.local.ports import Protocol, free_port
from tests.acceptance.desks import operators_dial_in
from tests.acceptance.phones import SippRun, citizen_calls, phone_registers
from tests.acceptance.sipp_ports import media_port, signalling_port
from tests.acceptance.sipp_scenario import BODY, EACH, Caller, Scenario, Values, row_of
from tests.bench.connecting import is_caller
from tests.place import address

#: dialled over the trunk
OUR_NUMBER, QUEUE_NUMBER, DIAL_NUMBER = "0119990500", "1001", "1002"
#: who dials this is answered and given to an application of this name, which is not ours
HELD_NUMBER, HELD_APPLICATION = "1003", "bench_waiting"

EXCHANGE, TRUNK, DESKS, AGENTS = address(1), address(21), address(52), address(53)
SPEAKING_DESKS = address(54)
#: callers whose sound is listened to come from here, over the same trunk
SPEAKERS = address(22)
RTP_START, RTP_END = 11000, 15999
LOG_WRITTEN_SECONDS = 10.0
SLACK_SECONDS = 30.0
#: longer than any measurement: a registration, the patience of a phone that answered
PHONES_SECONDS = 3600
ENDLESS = 1_000_000  # calls
MOST_AT_ONCE = 2000
DIAL_IN_PER_SECOND, KEYED_SECONDS = 20.0, 8.0


def exchange(program: AsteriskProgram, sounds_dir: Path, run_dir: Path, agents: int) -> LocalAsterisk:
    """An Asterisk, not started yet, with desks for operators who dial in and as many phones that ring.

    The phones that ring are no members of the fallback queue: app_queue would look at each of their calls twice.
    """
    desks = [SipAccount(f"desk{at}", secrets.token_hex(8)) for at in range(agents)]
    phones = [SipAccount(f"agent{at}", secrets.token_hex(8), AccountKind.CITIZEN) for at in range(agents)]
    asterisk = LocalAsterisk(
        program,
        AsteriskSettings(
            run_dir=run_dir,
            sounds_dir=sounds_dir,
            http_bind=EXCHANGE,
            http_port=free_port(Protocol.TCP, EXCHANGE),
            sip_bind=EXCHANGE,
            sip_port=free_port(Protocol.UDP, EXCHANGE),
            rtp_start=RTP_START,
            rtp_end=RTP_END,
            rtp_timeout_seconds=0,  # SIPp sends no sound
            qualify_seconds=0,
            trunk_match=[TRUNK, SPEAKERS],
            accounts=[*desks, *phones],
        ),
    )
    asterisk.conf_dir.mkdir(mode=0o700, parents=True)
    members = "".join(f"member => PJSIP/agent{at}\n" for at in range(agents))
    (asterisk.conf_dir / "queues_local.conf").write_text(
        "[bench]\nstrategy = leastrecent\ntimeout = 15\nretry = 1\nwrapuptime = 0\nringinuse = no\nautofill = yes\n"
        f"joinempty = yes\n{members}"
    )
    (asterisk.conf_dir / "extensions_local.conf").write_text(
        f"[from-trunk]\nexten => {QUEUE_NUMBER},1,Queue(bench)\n"
        f"exten => {DIAL_NUMBER},1,Set(GLOBAL(BENCH_NEXT)=$[(0${{GLOBAL(BENCH_NEXT)}} + 1) % {agents}])\n"
        " same => n,Dial(PJSIP/agent${GLOBAL(BENCH_NEXT)})\n"
        f"exten => {HELD_NUMBER},1,Answer()\n same => n,Stasis({HELD_APPLICATION})\n"
    )
    return asterisk


def area(operators: int) -> str:
    """A municipality that never closes, and operators who need no whisper and no wrap-up time."""
    days = ", ".join(f'{day} = ["00:00-24:00"]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    parts = [
        f'[[municipality]]\ncode = "GM9911"\nname = "Drukdam"\ngeographic = ["{OUR_NUMBER}"]\n'
        f"open_on_legal_days = true\nhours = {{ {days} }}\n",
        '[[team]]\ncode = "druk"\nname = "Druk"\nserves = ["GM9911"]\nwhisper = "none"\nwrap_up_seconds = 0\n',
    ]
    parts += [
        f'[[operator]]\nnumber = "{operator_number(at)}"\nname = "Druk {at}"\nteams = ["druk"]\npin = "{pin(at)}"\n'
        for at in range(operators)
    ]
    return "\n".join(parts)


def impatient_calls(dials: str, patience_seconds: float) -> Scenario:
    """Calls, and stays so long at most: in ringing before the answer, and as long again after it."""
    patient = citizen_calls(dials, patience_seconds)
    patience: Values = {"PATIENCE_MS": round(1000 * patience_seconds)}
    steps = (
        (("answered_in_time", values | patience) if step == "answered" else (step, values))
        for step, values in patient.steps
    )
    return replace(patient, steps=tuple(steps), longest_seconds=3 * patience_seconds)


def echo_seconds(count: int) -> float:
    """From when on so many operators speak: all have dialled in and keyed by then."""
    return count / DIAL_IN_PER_SECOND + KEYED_SECONDS


def operator_number(at: int) -> str:
    return str(1000 + at)


def pin(at: int) -> str:
    return str(420_000 + at)


@dataclass(frozen=True, slots=True)
class Stand:
    """Running servers. `directory`: where SIPp leaves its files."""

    asterisk: LocalAsterisk
    database_url: str
    directory: Path
    agents: int
    postgres_pid: int | None = None

    def callers(
        self,
        number: str,
        *,
        calls: int,
        per_second: float,
        hold_seconds: float,
        with_sound: bool = False,
        address: str = TRUNK,
    ) -> SippRun:
        """Citizens who call over the trunk and hang up after a while; they say nothing, unless `with_sound`."""
        scenario = impatient_calls(number, hold_seconds)
        if with_sound:
            self.directory.mkdir(parents=True, exist_ok=True)
            sound = self.directory / "noise.alaw"
            sound.write_bytes(secrets.token_bytes(8000))  # a second
            scenario = _speaking(scenario, sound)
        return self._sipp(address, scenario, calls, per_second)

    def operators(self, count: int, stay_seconds: float, *, first: int = 0, speaks: bool = False) -> SippRun:
        """Operators from the `first` on, who dial in at their desks, key in who they are, and stay.

        Those who speak say what they hear, from one port for all of them, after `echo_seconds`: keys that are pressed
        beside an echo are not understood.
        """
        desks = [account for account in self.asterisk.accounts if account.kind is AccountKind.PHONE]
        chosen = [*enumerate(desks)][first : first + count]
        keyed = [(desk, f"{operator_number(at)}#{pin(at)}#") for at, desk in chosen]
        scenario = operators_dial_in(keyed, stay_seconds)
        if not speaks:
            return self._sipp(DESKS, scenario, count, DIAL_IN_PER_SECOND)
        steps = [(step, _with_port(values, "[media_port]")) for step, values in scenario.steps]
        at = next(place for place, (step, _) in enumerate(steps) if step == "hold")
        echo: tuple[str, Values] = ("echo_on", {"AFTER_MS": round(echo_seconds(count) * 1000)})
        scenario = replace(scenario, steps=(("echo_off", {}), *steps[:at], echo, *steps[at:]))
        return self._sipp(SPEAKING_DESKS, scenario, count, DIAL_IN_PER_SECOND, options=["-rtp_echo"])

    async def phones(self) -> SippRun:
        """The phones that ring, registered; a run, not started yet, in which they answer at once."""
        port = signalling_port(AGENTS)
        phones = [account for account in self.asterisk.accounts if account.kind is AccountKind.CITIZEN]
        registers = phone_registers(EACH).of_rows(map(row_of, phones), EXPIRES=PHONES_SECONDS)
        async with self._sipp(AGENTS, registers, len(phones), 100.0, port=port) as run:
            result = await run.ended()
        assert result.failed == 0, result.complaint
        answers = Scenario(
            "phones",
            (("called", {}), ("hold", {"HOLD_MS": PHONES_SECONDS * 1000}), ("hang_up_callee", {})),
            Caller("<sip:agent@exchange.example>", "agent"),
        )
        return self._sipp(AGENTS, answers, ENDLESS, 100.0, port=port)

    def _sipp(
        self,
        address: str,
        scenario: Scenario,
        calls: int,
        per_second: float,
        *,
        port: int | None = None,
        options: Sequence[str] = (),
    ) -> SippRun:
        directory = self.directory / f"{scenario.name}-{secrets.token_hex(3)}"
        directory.mkdir(parents=True)
        command = [
            "sipp", f"{self.asterisk.sip_host}:{self.asterisk.sip_port}", "-nostdin",
            "-i", address, "-p", str(port or signalling_port(address)),
            "-mi", address, "-mp", str(media_port(address)),
            "-m", str(calls), "-r", str(max(1, round(per_second * 10))), "-rp", "10000",
            "-l", str(min(calls, MOST_AT_ONCE)), *options,
        ]  # fmt: skip
        limit_seconds = scenario.longest_seconds + calls / per_second + SLACK_SECONDS
        return SippRun(directory, scenario, command, limit_seconds, calls)

    async def channels_since(self, since: datetime) -> list[ChannelHistory]:
        """The channel event log since then, once it has the end of every caller's channel."""
        async with asyncio.timeout(LOG_WRITTEN_SECONDS):
            while True:
                channels = histories(cel_file.events_since(self.asterisk.cel_file, since))
                if all(channel.ended_at is not None for channel in channels if is_caller(channel)):
                    return channels
                await asyncio.sleep(0.2)  # Asterisk tells nobody that a line is written


def _speaking(scenario: Scenario, sound: Path) -> Scenario:
    """The same calls, with sound from the answer on, each from a port of its own."""
    at = 1 + next(place for place, (step, _) in enumerate(scenario.steps) if step == "ack")
    steps = [(step, _with_port({"BODY": BODY, **values}, "[rtpstream_audio_port]")) for step, values in scenario.steps]
    return replace(scenario, name="speakers", steps=(*steps[:at], ("speak", {"SOUND": str(sound)}), *steps[at:]))


def _with_port(values: Values, port: str) -> Values:
    """The values of a step, with this port for sound."""
    return {name: str(value).replace("[auto_media_port]", port) for name, value in values.items()}


def now() -> datetime:
    return datetime.now(UTC)
