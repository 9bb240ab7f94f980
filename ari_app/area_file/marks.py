"""The mark by which a file is recognised when it is imported again."""

from __future__ import annotations

import hashlib

from ari_app.storage.area.marks import FileMark


def mark_of(text: str, *circumstances: object) -> FileMark:
    """`circumstances`: what else decides what following the file does.

    Lines on which a PIN may stand are left out of the key: the rest of the file may be known.
    """
    public = (line for line in text.splitlines() if "=" in line and "pin" not in line.casefold())
    return FileMark(_digest("\n".join(public), *circumstances), _digest(text, *circumstances))


def _digest(text: str, *circumstances: object) -> str:
    return hashlib.sha256("\0".join((*map(str, circumstances), text)).encode()).hexdigest()
