"""`ari-app up` as a person runs it: ready, kept alive, and gone without a trace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import psutil
import pytest

from ari_app.core.access import Role
from ari_app.local.asterisk_root import AsteriskProgram
from ari_app.local.ports import Protocol, free_port
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.asterisk


class Terminal:
    """One `ari-app up` and what it has said."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.said: list[str] = []
        self._lines: Queue[str | None] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ari_app", "up"],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._lines.put(line.rstrip())
        self._lines.put(None)

    def until(self, pattern: str) -> str:
        """The next line that matches."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_SECONDS)
            except Empty:
                pytest.fail(f"nobody said {pattern!r}; said was:\n" + "\n".join(self.said))
            if line is None:
                pytest.fail(f"it ended without {pattern!r}; said was:\n" + "\n".join(self.said))
            self.said.append(line)
            if re.search(pattern, line):
                return line

    def end(self, sign: signal.Signals) -> int:
        """Its exit code after this signal."""
        self.process.send_signal(sign)
        code = self.process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        return code


@pytest.fixture
def environment(
    server_directory: Path, sounds_dir: Path, asterisk_program: AsteriskProgram, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A run directory and ports of its own; prompts are made beside the ones that the other tests use."""
    run_dir = server_directory / "up"
    run_dir.mkdir(mode=0o711, exist_ok=True)
    if not (run_dir / "sounds").exists():
        (run_dir / "sounds").symlink_to(sounds_dir)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return {
        "ARI_APP_RUN_DIR": str(run_dir),
        "ARI_APP_SIP_PORT": str(free_port(Protocol.UDP)),
        "ARI_APP_ASTERISK_HTTP_PORT": str(free_port(Protocol.TCP)),
        "ARI_APP_WEB_PORT": str(free_port(Protocol.TCP)),
        "ARI_APP_DESK_PORT": str(free_port(Protocol.TCP)),
    }


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[list[Terminal]]:
    """Ends whatever a failing test leaves."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        if terminal.process.poll() is None:
            terminal.end(signal.SIGTERM)


def _servers(run_dir: str) -> list[psutil.Process]:
    """Every process whose command line names this run directory, or that was started with it."""
    pid_files = ("app/app.pid", "app/web.pid", "asterisk/launched.pid", "postgres/postgres.pid")
    found = []
    for name in pid_files:
        file = Path(run_dir) / name
        if file.exists():
            pid = int(file.read_text().split()[0])
            if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(psutil.Process(pid))
    return found


def test_given_nothing_when_it_is_brought_up_then_it_is_ready_kept_alive_and_taken_down_whole(
    environment: dict[str, str], started: list[Terminal]
) -> None:
    up = Terminal(environment)
    started.append(up)
    up.until(r"^Ready after [\d.]+ s")
    said = "\n".join(up.said)
    assert re.search(r"140119 +14 0119: choose 1 \w+", said), "numbers to dial"
    assert re.search(r"citizen01 +[0-9a-f]{16} ", said), "accounts with passwords"
    assert re.search(r"101 +PIN \d{4} +\w+", said), "operators with PINs"
    assert "postgresql://" in said
    assert re.search(r"1 +http://127\.0\.0\.1:\d+ +log in as medewerker, [0-9a-f]{16};", said), "a first call"
    page = next(word for word in said.split() if word.endswith("/probeer"))
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with here.open(page, timeout=PATIENCE_SECONDS) as answer:
        assert "Bel 14 0119" in answer.read().decode()
    for role in Role:
        assert re.search(rf"^  \w+ +[0-9a-f]{{16}}  {role.value}$", said, re.MULTILINE), "a login of each role"
    assert "app.log" in said

    run_dir = environment["ARI_APP_RUN_DIR"]
    servers = _servers(run_dir)
    assert len(servers) == 4

    second = Terminal(environment)
    started.append(second)
    second.until("ARI_APP_RUN_DIR")
    assert second.process.wait(PATIENCE_SECONDS) == 1

    neighbour = Terminal({**environment, "ARI_APP_RUN_DIR": f"{run_dir}-2"})
    started.append(neighbour)
    for name in ("ARI_APP_SIP_PORT", "ARI_APP_ASTERISK_HTTP_PORT", "ARI_APP_WEB_PORT", "ARI_APP_DESK_PORT"):
        neighbour.until(name)
    assert neighbour.process.wait(PATIENCE_SECONDS) == 1

    for part, file in (
        ("The application", "app/app.pid"),
        ("The web process", "app/web.pid"),
        ("Asterisk", "asterisk/launched.pid"),
    ):
        os.kill(int((Path(run_dir) / file).read_text().split()[0]), signal.SIGKILL)
        up.until(f"{part} ended unexpectedly")
        up.until(f"{part} runs again")

    servers = _servers(run_dir)
    assert len(servers) == 4
    assert up.end(signal.SIGINT) == 0
    assert _servers(run_dir) == []
    assert not any(server.is_running() and server.status() != psutil.STATUS_ZOMBIE for server in servers)
    for file in ("secrets.env", "env", "asterisk/phones.list"):
        assert (Path(run_dir) / file).stat().st_mode & 0o077 == 0, f"{file} holds passwords"


def test_given_two_copies_on_one_machine_when_one_is_interrupted_then_the_other_goes_on(
    environment: dict[str, str], started: list[Terminal]
) -> None:
    other = dict(environment, ARI_APP_RUN_DIR=environment["ARI_APP_RUN_DIR"] + "-2")
    for name, protocol in (
        ("ARI_APP_SIP_PORT", Protocol.UDP),
        ("ARI_APP_ASTERISK_HTTP_PORT", Protocol.TCP),
        ("ARI_APP_WEB_PORT", Protocol.TCP),
        ("ARI_APP_DESK_PORT", Protocol.TCP),
    ):
        other[name] = str(free_port(protocol))
    other |= {"ARI_APP_RTP_START": "11000", "ARI_APP_RTP_END": "11999"}
    Path(other["ARI_APP_RUN_DIR"]).mkdir(mode=0o711, exist_ok=True)
    sounds = Path(environment["ARI_APP_RUN_DIR"]) / "sounds"
    (Path(other["ARI_APP_RUN_DIR"]) / "sounds").symlink_to(sounds.resolve())
    copies = [Terminal(environment), Terminal(other)]
    started.extend(copies)
    for copy in copies:
        copy.until(r"^Ready after")
    staying = _servers(other["ARI_APP_RUN_DIR"])
    assert copies[0].end(signal.SIGINT) == 0
    assert _servers(environment["ARI_APP_RUN_DIR"]) == []
    assert _servers(other["ARI_APP_RUN_DIR"]) == staying and len(staying) == 4
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with here.open(f"http://127.0.0.1:{other['ARI_APP_WEB_PORT']}/health/ready", timeout=PATIENCE_SECONDS) as answer:
        assert json.load(answer)["ready"] is True
    assert copies[1].end(signal.SIGINT) == 0


def test_given_a_launcher_that_was_killed_when_it_is_brought_up_again_then_nothing_is_in_the_way(
    environment: dict[str, str], started: list[Terminal]
) -> None:
    first = Terminal(environment)
    started.append(first)
    first.until(r"^Ready after")
    accounts = [line for line in first.said if "citizen" in line]
    left = _servers(environment["ARI_APP_RUN_DIR"])
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert all(server.is_running() for server in left)

    # As after `set -a; . .run/env; set +a` in that terminal: the address of its own database is in it.
    lines = (Path(environment["ARI_APP_RUN_DIR"]) / "env").read_text().splitlines()
    read = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    assert "DATABASE_URL" in read
    again = Terminal({**read, **environment})
    started.append(again)
    again.until(r"^Starting PostgreSQL")
    again.until(r"^Ready after")
    assert [line for line in again.said if "citizen" in line] == accounts, "the same passwords as before"
    assert "Importing the sample area …" not in again.said
    assert again.end(signal.SIGTERM) == 0
    assert _servers(environment["ARI_APP_RUN_DIR"]) == []


def test_given_wrong_settings_when_it_is_brought_up_then_each_is_named_and_nothing_starts(
    environment: dict[str, str], started: list[Terminal]
) -> None:
    wrong = Terminal({**environment, "ARI_APP_SIP_PORT": "sip", "ARI_APP_TRUNK_MATCH": "carrier.example"})
    started.append(wrong)
    wrong.until("ARI_APP_TRUNK_MATCH")
    wrong.until("ARI_APP_SIP_PORT")
    assert wrong.process.wait(PATIENCE_SECONDS) == 1
