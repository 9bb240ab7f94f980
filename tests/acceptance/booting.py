"""An Asterisk of a test begins, and says when it is ready."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path


def ready_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    booted = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    booted.bind(str(path))
    booted.setblocking(False)
    return booted


async def until_booted(process: asyncio.subprocess.Process, booted: socket.socket, directory: Path) -> None:
    """Asterisk tells the service manager's socket when it is ready; that saves us asking again and again."""
    loop = asyncio.get_running_loop()
    died = asyncio.create_task(process.wait())
    news = asyncio.create_task(loop.sock_recv(booted, 4096))
    try:
        while True:
            done, _ = await asyncio.wait({died, news}, return_when=asyncio.FIRST_COMPLETED)
            if died in done:
                raise AssertionError(f"the phone network did not start: see {directory}/log/messages")
            if b"READY=1" in news.result():
                return
            news = asyncio.create_task(loop.sock_recv(booted, 4096))
    finally:
        died.cancel()
        news.cancel()
