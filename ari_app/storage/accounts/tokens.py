"""Secrets that a person or a browser carries; the database has only their SHA-256, which nobody can turn back."""

from __future__ import annotations

import hashlib
import secrets

from ari_app.core.accounts import RECOVERY_CODES

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read as another one
TOKEN_BYTES = 32


def new_token() -> str:
    """For a cookie or a link: 256 random bits, in characters that both may hold."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_recovery_codes() -> list[str]:
    """Such as `k7wm-3nqx-p2vd`: 59 random bits, more than anybody can try at the pace of the login page."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(RECOVERY_CODES)
    ]


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def digest_of_code(code: str) -> bytes:
    """Of a recovery code, however it is typed."""
    return digest("".join(character for character in code.lower() if character.isalnum()))


def subject_of(kind: str, text: str) -> str:
    """The key under which failures are counted; it tells no name and no address to whoever reads the table."""
    return f"{kind}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"
