"""Logs of `make run` do not fill the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ari_app.local.asterisk import TEMPLATES
from ari_app.local.rotation import EVERY_SECONDS, KEPT, LogKeeper, rotate

pytestmark = pytest.mark.pure

DAY = 86400


def test_a_log_that_is_small_or_not_there_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    assert not rotate(log, 10)
    log.write_text("0123456789")
    assert not rotate(log, 10)
    assert [file.name for file in tmp_path.iterdir()] == ["app.log"]


def test_a_log_that_is_large_is_put_aside_and_its_program_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    program = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with (
        log.open("ab") as output,
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=output, text=True) as writer,
    ):
        assert writer.stdin is not None
        for number in range(1, 9):
            writer.stdin.write(f"{number}" * 20 + "\n")
            writer.stdin.flush()
            while log.stat().st_size == 0:
                time.sleep(0.01)
            assert rotate(log, 10)
        writer.stdin.close()
    kept = {file.name: file.read_text()[0] for file in tmp_path.iterdir() if file != log}
    assert kept == {f"app.log.{n}": str(9 - n) for n in range(1, KEPT + 1)}
    assert log.read_text() == ""


def test_the_keeper_looks_once_a_minute(tmp_path: Path) -> None:
    now = [0.0]
    log = tmp_path / "app.log"
    keeper = LogKeeper([log], tmp_path / "cel-custom", lambda: now[0])
    keeper.look()
    log.write_bytes(b"x" * 11_000_000)
    keeper.look()
    assert log.stat().st_size == 11_000_000
    now[0] += EVERY_SECONDS
    keeper.look()
    assert log.stat().st_size == 0


def _event_log(directory: Path, at: float) -> Path:
    directory.mkdir(exist_ok=True)
    log = directory / "cel.csv"
    log.write_text(f'"CHAN_START","{at:.6f}","node1-1.0","node1-1.0"\n')
    return log


def test_the_channel_event_log_of_yesterday_is_put_aside_under_its_day_and_of_today_is_not(tmp_path: Path) -> None:
    log = _event_log(tmp_path / "cel-custom", time.time() - DAY)
    LogKeeper([], log.parent).look()
    (aside,) = log.parent.iterdir()
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - DAY))
    assert aside.name.startswith(f"cel.csv.{day}-")
    _event_log(log.parent, time.time())
    LogKeeper([], log.parent).look()
    assert log.exists()


@pytest.mark.parametrize(("days", "is_kept"), [("90", False), ("0", True), ("200", True)])
def test_channel_event_logs_are_kept_as_long_as_is_said(tmp_path: Path, days: str, is_kept: bool) -> None:
    old = tmp_path / "cel.csv.2026-01-01-1"
    old.write_text("old")
    os.utime(old, (time.time() - 100 * DAY,) * 2)
    subprocess.run(["/bin/sh", str(TEMPLATES / "rotate-cel"), str(tmp_path), days], check=True)
    assert old.exists() == is_kept


@pytest.mark.parametrize("days", ["1", "6", "-1", "seven", "7.5", "1000000"])
def test_a_period_in_which_a_log_may_go_unread_is_refused(tmp_path: Path, days: str) -> None:
    old = tmp_path / "cel.csv.2026-01-01-1"
    old.write_text("old")
    os.utime(old, (time.time() - 100 * DAY,) * 2)
    command = ["/bin/sh", str(TEMPLATES / "rotate-cel"), str(tmp_path), days]
    refused = subprocess.run(command, check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "ARI_APP_CEL_KEEP_DAYS: must be 0 (for ever) or at least 7 days" in refused.stderr
    assert old.exists()


def test_a_log_of_the_last_week_is_kept_under_the_shortest_period(tmp_path: Path) -> None:
    for age in (6, 7, 9):
        file = tmp_path / f"cel.csv.{age}"
        file.write_text("lines")
        os.utime(file, (time.time() - age * DAY,) * 2)
    subprocess.run(["/bin/sh", str(TEMPLATES / "rotate-cel"), str(tmp_path), "7"], check=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cel.csv.6", "cel.csv.7"]
