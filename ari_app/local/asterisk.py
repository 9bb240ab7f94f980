"""One Asterisk on this machine, with everything it reads and writes under one directory."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ari_app.local import process
from ari_app.local.asterisk_root import AsteriskProgram
from ari_app.local.errors import LocalError, StartFailed
from ari_app.local.ports import outward_address

TEMPLATES = Path(__file__).parents[2] / "asterisk-conf"
EVERYWHERE = "0.0.0.0"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
# A unix socket's name may be 107 bytes; Asterisk adds "/asterisk.ctl".
SOCKET_DIRECTORY_BYTES = 90


class AccountKind(StrEnum):
    """The kind of a SIP account, which decides its rights; see asterisk-conf/make-phones."""

    PHONE = "phone"
    PHONE_TLS = "phone-tls"
    CITIZEN = "citizen"


@dataclass(frozen=True, slots=True)
class SipAccount:
    """A phone's name and password at this Asterisk."""

    name: str
    password: str = field(repr=False)
    kind: AccountKind = AccountKind.PHONE


@dataclass(frozen=True, slots=True)
class AsteriskSettings:
    """Where one Asterisk listens, and what it serves. `accounts` None: make-phones invents the sample accounts."""

    run_dir: Path
    sounds_dir: Path
    http_port: int
    sip_port: int
    sip_bind: str = "127.0.0.1"
    http_bind: str = "127.0.0.1"
    rtp_start: int = 10000
    rtp_end: int = 10999
    rtp_timeout_seconds: int = 60  # 0: a party without sound is never taken for dead
    qualify_seconds: int = 60  # 0: phones are never asked whether they are still there
    trunk_match: Sequence[str] = ()
    trunk_contact: str = ""  # where calls to numbers outside go: sip:host:port
    accounts: Sequence[SipAccount] | None = None
    trial_password: str = field(default="", repr=False)  # of the citizen's phone in a page; empty: there is none
    node: str = "node1"
    ari_application: str = "ari_app"
    ari_user: str = "ari_app"
    ari_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


class LocalAsterisk:
    """Renders the configuration, starts Asterisk, and stops what it started. Methods block; see the seconds above."""

    def __init__(self, program: AsteriskProgram, settings: AsteriskSettings) -> None:
        self.program = program
        self.settings = settings
        self.conf_dir = settings.run_dir / "conf"
        self.state_dir = settings.run_dir / "state"
        self.log_dir = settings.run_dir / "log"
        self.accounts_file = settings.run_dir / "phones.list"
        self._pid_file = settings.run_dir / "launched.pid"  # not asterisk.pid: that is the name of its own
        self.output_file = self.log_dir / "output.log"  # what its scripts complain of
        self._socket_dir = _socket_directory(settings.run_dir)
        self._control_socket = self._socket_dir / "asterisk.ctl"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ari_url(self) -> str:
        return f"http://{self.settings.http_bind}:{self.settings.http_port}/ari"

    @property
    def ari_user(self) -> str:
        return self.settings.ari_user

    @property
    def ari_password(self) -> str:
        return self.settings.ari_password

    @property
    def sip_host(self) -> str:
        """The address where phones find it. Asterisk is given it too, or it would ask the name server at each call."""
        return outward_address() if self.settings.sip_bind == EVERYWHERE else self.settings.sip_bind

    @property
    def sip_port(self) -> int:
        return self.settings.sip_port

    @property
    def sounds_dir(self) -> Path:
        return self.settings.sounds_dir

    @property
    def trunk_addresses(self) -> tuple[str, ...]:
        """From these addresses a call is a citizen's."""
        return tuple(self.settings.trunk_match)

    @property
    def cel_file(self) -> Path:
        """The channel event log; absent until the first call."""
        return self.log_dir / "cel-custom" / "cel.csv"

    @property
    def messages_file(self) -> Path:
        """Warnings and errors of Asterisk itself, as asterisk-conf/log-filter leaves them."""
        return self.log_dir / "messages.log"

    @property
    def security_file(self) -> Path:
        """A line for each request that was refused, with its address."""
        return self.log_dir / "security.log"

    @property
    def command(self) -> list[str]:
        """The command that starts Asterisk itself, once `render` has written its files."""
        return [*self.program.command, "-C", str(self.conf_dir / "asterisk.conf"), "-f"]

    @property
    def pid(self) -> int | None:
        """The process id while Asterisk runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    @property
    def accounts(self) -> list[SipAccount]:
        """The SIP accounts as they are now."""
        rows = (line.strip() for line in self.accounts_file.read_text().splitlines())
        return [
            SipAccount(name, password, AccountKind(kind))
            for name, password, kind in (row.split(":") for row in rows if row and not row.startswith("#"))
        ]

    def render(self) -> None:
        """Write Asterisk's configuration anew; *_local.conf files in it are left alone.

        Raises:
            LocalError: a value cannot be written in Asterisk's files, or the phone list is wrong.
        """
        for directory in (self.settings.run_dir, self.state_dir / "spool", self.log_dir, self._socket_dir):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._socket_dir.stat().st_uid != os.getuid():
            raise LocalError(
                f"{self._socket_dir} belongs to somebody else; remove it, or choose another run directory."
            )
        if self.settings.accounts is not None:
            lines = [f"{account.name}:{account.password}:{account.kind}\n" for account in self.settings.accounts]
            self.accounts_file.touch(mode=0o600)
            self.accounts_file.write_text("".join(lines))
        self._script("render", str(self.conf_dir))
        self._script("make-phones", str(self.accounts_file), str(self.conf_dir))

    def start(self) -> None:
        """Render, start, and return when Asterisk is fully booted (about half a second).

        Raises:
            StartFailed: it did not come up.
        """
        if self.pid is not None:
            return
        self.reap_leftover()
        self.render()
        self._control_socket.unlink(missing_ok=True)
        self._process = process.start(
            [
                *("/bin/sh", str(TEMPLATES / "run-asterisk"), str(self.messages_file), str(self.security_file)),
                *self.command,
            ],
            log=self.output_file,
            pid_file=self._pid_file,
            # Asterisk asks for the address of this machine's own name when it starts. Where nobody knows that name and
            # the name server is silent, that would take 20 s instead of 2. No call asks for a name.
            environment={"RES_OPTIONS": "timeout:1 attempts:1", **os.environ},
        )
        process.wait_until(
            self.is_booted, self._process, name="Asterisk", log=self.messages_file, seconds=START_SECONDS
        )

    def is_booted(self) -> bool:
        """Whether Asterisk runs and has loaded all modules."""
        if not self._control_socket.exists():
            return False  # known without a process that asks
        try:
            # Blocks in Asterisk itself until it is booted, once there is a control socket.
            return "fully booted" in self.cli("core waitfullybooted")
        except LocalError:
            return False

    def stop(self) -> None:
        """End Asterisk; calls in it are hung up."""
        if self._process is not None:
            process.stop(self._process, signal.SIGTERM, seconds=STOP_SECONDS)
            self._process = None
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL: no call is ended properly, as when the power fails."""
        if self._process is not None:
            process.kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def reap_leftover(self) -> None:
        """End what a killed launcher left running."""
        process.reap_leftover(self._pid_file, signal.SIGTERM)

    def restart(self) -> None:
        """Stop and start; returns when fully booted again."""
        self.stop()
        self.start()

    def cli(self, command: str, *, seconds: float = START_SECONDS) -> str:
        """The answer of Asterisk's own command line, e.g. to "core show channels".

        Raises:
            LocalError: Asterisk does not listen.
        """
        result = subprocess.run(
            [*self.program.command, "-C", str(self.conf_dir / "asterisk.conf"), "-rx", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if result.returncode != 0:
            raise LocalError(f"Asterisk does not answer its command line: {result.stdout}{result.stderr}".strip())
        return result.stdout

    def _script(self, name: str, *arguments: str) -> None:
        result = subprocess.run(
            ["/bin/sh", str(TEMPLATES / name), *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise StartFailed(f"Asterisk's configuration could not be written: {result.stderr.strip()}")

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        values = {
            "NODE": settings.node,
            "ARI_APPLICATION": settings.ari_application,
            "ARI_USER": settings.ari_user,
            "ARI_PASSWORD": settings.ari_password,
            "ASTERISK_HTTP_BIND": settings.http_bind,
            "ASTERISK_HTTP_PORT": str(settings.http_port),
            "SIP_BIND": settings.sip_bind,
            "SIP_PORT": str(settings.sip_port),
            **({"MEDIA_ADDRESS": self.sip_host} if settings.sip_bind == EVERYWHERE else {}),
            "RTP_START": str(settings.rtp_start),
            "RTP_END": str(settings.rtp_end),
            "RTP_TIMEOUT": str(settings.rtp_timeout_seconds),
            "QUALIFY_SECONDS": str(settings.qualify_seconds),
            "TRUNK_MATCH": ",".join(settings.trunk_match),
            "TRUNK_CONTACT": settings.trunk_contact,
            "TRIAL_PASSWORD": settings.trial_password,
            "SOUNDS_DIR": str(settings.sounds_dir),
            "ASTERISK_MODULES_DIR": str(self.program.modules_dir),
            "ASTERISK_DATA_DIR": str(self.program.data_dir),
            "ASTERISK_STATE_DIR": str(self.state_dir),
            "ASTERISK_SOCKET_DIR": str(self._socket_dir),
            "ASTERISK_LOG_DIR": str(self.log_dir),
        }
        # External address, TLS and the like pass through from the person's own environment.
        return {**os.environ, **{f"ARI_APP_{name}": value for name, value in values.items()}}


def _socket_directory(run_dir: Path) -> Path:
    if len(os.fsencode(run_dir)) <= SOCKET_DIRECTORY_BYTES:
        return run_dir
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ari_app-{os.getuid()}-{digest}"
