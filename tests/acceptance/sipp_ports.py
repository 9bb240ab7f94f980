"""Ports for SIPp, no two runs the same: it gives up when it cannot have its port for sound, or the one for video."""

from __future__ import annotations

from ari_app.local.ports import Protocol, free_port, is_free

#: what this process gave away; a port is free again for the kernel until SIPp has it
_given: set[tuple[str, int]] = set()
_VIDEO = 2  # SIPp 3.6 takes this many ports above the one for sound, whether there is video or not


def signalling_port(address: str) -> int:
    return _next(address, ())


def media_port(address: str) -> int:
    return _next(address, (1, _VIDEO, _VIDEO + 1))


def _next(address: str, above: tuple[int, ...]) -> int:
    while True:
        port = free_port(Protocol.UDP, address)
        wanted = {(address, port + more) for more in (0, *above)}
        if wanted.isdisjoint(_given) and all(is_free(Protocol.UDP, host, number) for host, number in wanted):
            _given.update(wanted)
            return port
