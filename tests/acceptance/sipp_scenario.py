"""A scenario for SIPp: put together from the steps in `sipp/`, whose `{{NAMES}}` are filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
    """Steps for SIPp; `keys` names the keys that have to be made into a capture; `rows` has one for each call."""

    name: str
    steps: tuple[tuple[str, Values], ...]
    caller: Caller = Caller()
    keys: str = ""
    longest_seconds: float = 0.0  # that one call may take
    rows: tuple[str, ...] = field(default=(), repr=False)

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

    def table(self, directory: Path) -> Path:
        """The file of the rows."""
        file = directory / "rows.csv"
        file.touch(mode=0o600)  # passwords and PINs
        file.write_text("\n".join(["SEQUENTIAL", *self.rows, ""]))
        return file

    def of_rows(self, rows: Iterable[str], **values: str | int) -> Scenario:
        """For phones with accounts, each call with a row as `row_of` gives; `values` go into every step.

        The proof of who calls is a column of the row: SIPp fills in no fields inside it.
        """
        proof: Values = {"HEADERS": "[field1]"}
        steps = [(step, values | old | (proof if "HEADERS" in old else {})) for step, old in self.steps]
        return replace(self, steps=tuple(steps), rows=tuple(rows))


#: the account of each row, which SIPp puts in
EACH = SipAccount("[field0]", "of its row")


def row_of(account: SipAccount) -> str:
    return f"{account.name};[authentication username={account.name} password={account.password}]"
