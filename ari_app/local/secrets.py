"""Passwords that nobody has to think of: made at the first start, kept in one file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path


def keep(file: Path, names: Sequence[str]) -> Mapping[str, str]:
    """The passwords with these names, as stored; a missing one is made and added."""
    known = read(file)
    fresh = {name: secrets.token_hex(16) for name in names if name not in known}
    if fresh:
        write(file, {**known, **fresh})
    return {**known, **fresh}


def read(file: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; nothing when there is none."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write(file: Path, values: Mapping[str, str]) -> None:
    """Write `NAME=value` lines, readable by the owner only from the first moment."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.writelines(f"{name}={value}\n" for name, value in values.items())
    part.replace(file)
