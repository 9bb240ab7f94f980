"""The program, read once per worker and begun many times: a process that has it in memory, and forks when it is asked.

What begins so is a process of its own, to be signalled, killed and frozen as any other. Reading the program takes a
second of computing, which a start that is not itself under test need not pay again.

    process = await begin("ari_app", ["serve"], environment)

This file is also that process: `python -m tests.acceptance.prepared SOCKET`.
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module

_MOST_BYTES = 1 << 17  # of an order: the environment of a process
_PROGRAM = ("ari_app.app", *(f"ari_app.commands.{command}" for command in ("serve", "callbacks", "directory")))


class Process:
    """A process that was begun; as much of `asyncio.subprocess.Process` as the tests use."""

    def __init__(
        self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader, end: asyncio.StreamReader
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(end))

    async def _end(self, end: asyncio.StreamReader) -> int:
        self.returncode = int(await end.read())
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, bytes]:
    """Type a command `ari-app ARGUMENTS`; its exit code, and what it printed."""
    process = await begin("ari_app", arguments, environment)
    output, complaints = await asyncio.gather(process.stdout.read(), process.stderr.read())
    sys.stderr.write(complaints.decode(errors="replace"))
    return await process.wait(), output


async def begin(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Process:
    """Begin `python -m MODULE ARGUMENTS`, with what it says to be read here."""
    if not _at_work:
        _at_work.append(_Prepared())
    order = json.dumps([module, list(arguments), dict(environment)]).encode()
    pipes = [os.pipe() for _ in range(3)]
    stdout, stderr, state = [await _reader(number) for number, _ in pipes]
    try:
        socket.send_fds(_at_work[0].orders, [order], [number for _, number in pipes])
    finally:
        for _, number in pipes:
            os.close(number)
    return Process(int(await state.readline()), stdout, stderr, state)


async def _reader(number: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(number, "rb")
    )
    return reader


class _Prepared:
    """The process that has the program in memory. It also goes when this process does."""

    def __init__(self) -> None:
        self.orders, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(its.fileno())], pass_fds=[its.fileno()]
            )

    def close(self) -> None:
        self.orders.close()
        self._process.wait()


_at_work: list[_Prepared] = []  # none, or one


def put_away() -> None:
    """At the end of a worker's tests."""
    while _at_work:
        _at_work.pop().close()


# --- in the process itself ---


def main(orders: socket.socket) -> tuple[str, list[str]] | None:
    """Fork for each order until nobody gives one any more. Returns in the processes that were begun: what they are."""
    for name in _PROGRAM:
        import_module(name)
    assert threading.active_count() == 1, "a thread would not be there after a fork"
    gc.collect()
    gc.freeze()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes with those who give the orders
    begun: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([orders.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 512)
            _tell_ends(begun)
        if orders.fileno() in ready:
            order, numbers, _, _ = socket.recv_fds(orders, _MOST_BYTES, 3)
            if not order:
                return None
            *outputs, state = numbers
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, interrupted)
                sys.stdout, sys.stderr = (_written_to(number, at) for at, number in enumerate(outputs, 1))
                for number in (*numbers, wake_read, wake_write, *begun.values()):
                    os.close(number)
                orders.close()
                module, arguments, environment = json.loads(order)
                os.environ.clear()
                os.environ.update(environment)
                return module, arguments
            for number in outputs:
                os.close(number)
            begun[pid] = state
            os.write(state, b"%d\n" % pid)


def _written_to(pipe: int, number: int) -> io.TextIOWrapper:
    """This pipe as standard output or error. Anew: the one before may be a file, with a place in it."""
    os.dup2(pipe, number)
    return io.TextIOWrapper(io.FileIO(number, "w", closefd=False), line_buffering=True, write_through=True)


def _tell_ends(begun: dict[int, int]) -> None:
    while begun:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        state = begun.pop(pid)
        with suppress(BrokenPipeError):
            os.write(state, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(state)


if __name__ == "__main__":
    what = main(socket.socket(fileno=int(sys.argv[1])))
    if what is not None:
        module, sys.argv[1:] = what
        runpy.run_module(module, run_name="__main__", alter_sys=True)
