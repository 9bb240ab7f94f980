"""A server process of ours: started in its own session, stopped politely, killed when it does not listen.

Each server leaves a pid file beside its data, so that a next start finds what a killed launcher left running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from ari_app.local.errors import StartFailed

POLL_SECONDS = 0.02
KILL_SECONDS = 5.0
LEFTOVER_SECONDS = 10.0


def start(
    command: Sequence[str], *, log: Path, pid_file: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to `log`, for the owner to read only.

    A Ctrl-C in the terminal does not reach it: we stop it ourselves.
    """
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else dict(environment),
        )
    pid_file.write_text(f"{process.pid} {_birth(process.pid)}\n")
    return process


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, name: str, log: Path, seconds: float
) -> None:
    """Wait until `ready`.

    Raises:
        StartFailed: the process ended, or is not ready after `seconds`; it is killed in that case.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise StartFailed(f"{name} ended with code {process.returncode} while starting.\n{last_lines(log)}")
        if time.monotonic() > deadline:
            kill_tree(process.pid)
            process.wait()
            raise StartFailed(f"{name} was not ready after {seconds:.0f} s.\n{last_lines(log)}")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes], sign: signal.Signals, *, seconds: float) -> None:
    """Ask a process to end with `sign`; after `seconds` it and its children are killed."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()


def kill_tree(pid: int) -> None:
    """SIGKILL for a process and all its descendants, the ones in sessions of their own included."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    _wait_until_gone(family, KILL_SECONDS)


def _wait_until_gone(processes: Sequence[psutil.Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(_still_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _still_runs(process: psutil.Process) -> bool:
    # A zombie holds no port, file or memory any more, once its last thread is gone; the process that has to wait for it
    # may be slow.
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def reap_leftover(pid_file: Path, sign: signal.Signals) -> bool:
    """End the server that a killed launcher left behind, if this file names one that still runs.

    The file holds the moment of its start too: a process id that another process has now is left alone.
    """
    try:
        pid_text, birth = pid_file.read_text().split()
        if _birth(int(pid_text)) != birth:
            return False
        process = psutil.Process(int(pid_text))
        process.send_signal(sign)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return False
    if not _wait_until_gone([process], LEFTOVER_SECONDS):
        kill_tree(process.pid)
    return True


def _birth(pid: int) -> str:
    """When a process started, in clock ticks since boot (a time of day may shift); empty when it is gone."""
    try:
        # The name of the program, in brackets, may hold blanks.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log file, for an error message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return f"(it wrote nothing to {log})"
    return "\n".join([f"Last lines of {log}:", *lines[-count:]])
