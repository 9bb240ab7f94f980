"""A part that dies is started again: soon at first, then less often; one that keeps running is forgiven."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.local import process
from ari_app.local.errors import LocalError, StartFailed
from ari_app.local.watch import HEALTHY_SECONDS, LONGEST_PAUSE_SECONDS, Watch
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure


class FakePart:
    def __init__(self) -> None:
        self.alive = True
        self.starts = 0
        self.cannot_start = False

    @property
    def pid(self) -> int | None:
        return 1 if self.alive else None

    def start(self) -> None:
        self.starts += 1
        if self.cannot_start:
            raise LocalError("no room")
        self.alive = True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_given_a_part_that_dies_again_and_again_then_the_pauses_grow_until_it_keeps_running() -> None:
    part, clock, said = FakePart(), Clock(), list[str]()
    watch = Watch([("The part", part)], said.append, clock)
    pauses = []
    for _ in range(8):
        part.alive = False
        watch.look()
        died_at = clock.now
        while not part.alive:
            clock.now += 0.25
            watch.look()
        pauses.append(clock.now - died_at)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]

    clock.now += HEALTHY_SECONDS
    watch.look()
    part.alive = False
    watch.look()
    clock.now += 0.5
    watch.look()
    assert part.alive
    assert part.starts == 9


def test_given_a_part_that_cannot_start_then_the_other_is_looked_after_and_the_reason_is_said() -> None:
    bad, good, clock, said = FakePart(), FakePart(), Clock(), list[str]()
    watch = Watch([("Bad", bad), ("Good", good)], said.append, clock)
    bad.alive, bad.cannot_start = False, True
    watch.look()
    clock.now = 1.0
    watch.look()
    assert any("no room" in line for line in said)
    good.alive = False
    watch.look()
    clock.now = 1.6
    watch.look()
    assert good.alive
    assert not bad.alive


# -- processes --------------------------------------------------------------------------------------------------------

SLEEPER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
CHILD_HAVER = [
    sys.executable,
    "-c",
    "import subprocess, sys, signal\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], start_new_session=True)\n"
    "print(child.pid, flush=True); signal.pause()",
]


def _started(tmp_path: Path, command: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    running = process.start(command, log=log, pid_file=pid_file)
    process.wait_until(lambda: bool(log.read_text()), running, name="It", log=log, seconds=10)
    return running, pid_file


def test_given_a_server_when_stopped_then_it_has_ended(tmp_path: Path) -> None:
    running, _ = _started(tmp_path, SLEEPER)
    process.stop(running, signal.SIGTERM, seconds=PATIENCE_SECONDS)
    assert running.returncode == -signal.SIGTERM


def test_given_a_server_with_a_child_in_a_session_of_its_own_when_killed_then_both_are_gone(tmp_path: Path) -> None:
    running, _ = _started(tmp_path, CHILD_HAVER)
    child = int((tmp_path / "log").read_text())
    process.kill_tree(running.pid)
    running.wait()
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_given_a_leftover_when_reaped_then_it_has_ended(tmp_path: Path) -> None:
    running, pid_file = _started(tmp_path, SLEEPER)
    assert process.reap_leftover(pid_file, signal.SIGTERM)
    assert running.wait(PATIENCE_SECONDS) == -signal.SIGTERM
    assert not process.reap_leftover(pid_file, signal.SIGTERM)


def test_given_a_process_id_that_is_somebody_elses_now_when_reaped_then_it_is_left_alone(tmp_path: Path) -> None:
    running, pid_file = _started(tmp_path, SLEEPER)
    pid_file.write_text(f"{running.pid} 1\n")
    assert not process.reap_leftover(pid_file, signal.SIGKILL)
    assert running.poll() is None
    process.stop(running, signal.SIGTERM, seconds=PATIENCE_SECONDS)


@pytest.mark.parametrize("content", ["", "12", "x y", "99999999 5"])
def test_given_a_pid_file_that_says_nothing_when_reaped_then_nothing_happens(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert not process.reap_leftover(tmp_path / "pid", signal.SIGKILL)


def test_given_a_server_that_ends_at_once_then_its_last_words_are_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = process.start(["/bin/sh", "-c", "echo no licence; exit 3"], log=log, pid_file=tmp_path / "pid")
    with pytest.raises(StartFailed, match=r"code 3[\s\S]*no licence"):
        process.wait_until(lambda: False, running, name="It", log=log, seconds=10)


def test_given_a_server_that_never_gets_ready_then_it_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = process.start(SLEEPER, log=log, pid_file=tmp_path / "pid")
    with pytest.raises(StartFailed, match="not ready"):
        process.wait_until(lambda: False, running, name="It", log=log, seconds=0.2)
    assert running.poll() is not None
