"""A scenario for SIPp: put together from the steps in `sipp/`, whose `{{NAMES}}` are filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ari_app.local.asterisk import SipAccount

Values: TypeAlias = dict[str, str | int]

_STEPS = Path(__file__).parent / "sipp"
BODY = (_STEPS / "body.sdp").read_text().strip("\n")


@dataclass(frozen=True, slots=True)
class Caller:
    """How a phone shows itself. `[call_number]` in it becomes the number of the call, from 1."""

    from_header: str = "<sip:+3120555[call_number]@carrier.example>"
    user: str = "carrier"
    headers: str = "X-Test: sipp"
    password: str | None = field(default=None, repr=False)

    @classmethod
    def withheld(cls) -> Caller:
        """The carrier knows the number and passes on that it must not be shown (RFC 3323, RFC 3325)."""
        return cls(
            '"Anonymous" <sip:anonymous@anonymous.invalid>',
            headers="P-Asserted-Identity: <sip:+31205550199@carrier.example>\nPrivacy: id",
        )

    @classmethod
    def account(cls, account: SipAccount) -> Caller:
        """A phone with its password."""
        return cls(f"<sip:{account.name}@exchange.example>", account.name, password=account.password)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps for SIPp; `keys` names the keys that have to be made into a capture."""

    name: str
    steps: tuple[tuple[str, Values], ...]
    caller: Caller = Caller()
    keys: str = ""
    longest_seconds: float = 0.0  # that one call may take

    def render(self, capture: Path) -> str:
        """The scenario file."""
        shared: Values = {
            "FROM": self.caller.from_header,
            "USER": self.caller.user,
            "HEADERS": self.caller.headers,
            "BODY": BODY,
            "PCAP": str(capture),
            "CSEQ": 1,
            "EXPIRES": 300,
        }
        text = ['<?xml version="1.0" encoding="UTF-8" ?>', f'<scenario name="{self.name}">']
        for step, values in self.steps:
            part = (_STEPS / f"{step}.xml").read_text()
            for name, value in {**shared, **values}.items():
                part = part.replace("{{" + name + "}}", str(value))
            text.append(part)
        return "\n".join([*text, "</scenario>", ""])
