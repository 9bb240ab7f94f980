"""Codes of six digits from an authenticator app (RFC 6238, with what every such app does: SHA-1, 30 s). Pure."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
#: the clock of a phone may be half a minute off
STEPS_AROUND = 1
SECRET_BYTES = 20

_SECRET = re.compile(r"[A-Z2-7]{32}")


def written(secret: bytes) -> str:
    """A secret of `SECRET_BYTES` as people and apps write it."""
    return base64.b32encode(secret).decode()


def is_secret(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def code_of(secret: str, step: int) -> str:
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, now: datetime, used: int | None) -> int | None:
    """The step whose code this is, of those around now and after the last one that was used; None: a wrong code."""
    now_step = step_at(now)
    steps: Sequence[int] = range(now_step - STEPS_AROUND, now_step + STEPS_AROUND + 1)
    found = None
    for step in steps:
        fits = hmac.compare_digest(code_of(secret, step).encode(), code.encode("utf-8", "replace"))
        if fits and (used is None or step > used):
            found = step
    return found


def provisioning_uri(secret: str, login: str, issuer: str) -> str:
    """What the picture that an app scans says."""
    label = f"{quote(issuer, safe='')}:{quote(login, safe='')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"
