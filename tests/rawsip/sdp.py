"""Offers of sound, pictures and worse, and what an answer says about each of their lines (RFC 4566, RFC 3264)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: payload types: A-law, and the keys of RFC 4733
ALAW, KEYS = 8, 101


@dataclass(frozen=True, slots=True)
class Line:
    """One media line of an answer; `port` 0: declined."""

    kind: str
    port: int
    attributes: tuple[str, ...]


def offer(address: str, *lines: str) -> str:
    """A session of these media lines, in this order."""
    return "\r\n".join(["v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0", *lines, ""])


def audio(port: int = 9, direction: str = "sendrecv", *, keys: bool = True) -> str:
    """A-law; with the keys of RFC 4733 or without."""
    if not keys:
        return f"m=audio {port} RTP/AVP {ALAW}\r\na=rtpmap:{ALAW} PCMA/8000\r\na={direction}"
    return (
        f"m=audio {port} RTP/AVP {ALAW} {KEYS}\r\na=rtpmap:{ALAW} PCMA/8000\r\n"
        f"a=rtpmap:{KEYS} telephone-event/8000\r\na=fmtp:{KEYS} 0-16\r\na={direction}"
    )


def fax(port: int = 5004) -> str:
    """T.38, as adapters for fax machines offer it beside sound."""
    return f"m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxUdpEC:t38UDPRedundancy"


def video(port: int = 5006) -> str:
    return f"m=video {port} RTP/AVP 99\r\na=rtpmap:99 H264/90000"


def text(port: int = 5008) -> str:
    """Real-time text (RFC 4103)."""
    return f"m=text {port} RTP/AVP 98\r\na=rtpmap:98 t140/1000"


def lines(body: str) -> list[Line]:
    """The media lines of an answer, in their order."""
    found: list[Line] = []
    for part in re.split(r"^m=", body.replace("\r\n", "\n"), flags=re.MULTILINE)[1:]:
        head, *rest = part.split("\n")
        kind, port, *_ = head.split()
        attributes = tuple(line.removeprefix("a=") for line in rest if line.startswith("a="))
        found.append(Line(kind, int(port.partition("/")[0]), attributes))
    return found


def target(body: str, index: int | None = None) -> tuple[str, int]:
    """Where the other side wants the sound of a line: the first that is accepted, or the one with this index."""
    found = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    assert found is not None, f"no address in {body}"
    of_sound = [line for line in lines(body) if line.kind == "audio" and line.port]
    line = of_sound[0] if index is None else lines(body)[index]
    return found[1], line.port
