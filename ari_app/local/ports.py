"""Network ports of this machine: whether one is free, and finding any free one."""

from __future__ import annotations

import errno
import socket
from enum import Enum

from ari_app.local.errors import LocalError


class Protocol(Enum):
    TCP = socket.SOCK_STREAM
    UDP = socket.SOCK_DGRAM


def is_free(protocol: Protocol, host: str, port: int) -> bool:
    """Whether a server could bind this port now. Raises LocalError when `host` is no address of this machine."""
    with socket.socket(socket.AF_INET, protocol.value) as probe:
        if protocol is Protocol.TCP:
            # As servers do: a connection that was closed a moment ago does not occupy the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise LocalError(f"{host} is not an address of this machine") from error
            return False
    return True


def outward_address() -> str:
    """The address with which this machine talks to others; nothing is sent. 127.0.0.1 without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def free_port(protocol: Protocol, host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago, chosen by the kernel."""
    with socket.socket(socket.AF_INET, protocol.value) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
