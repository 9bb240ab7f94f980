"""Which settings are secrets."""

from __future__ import annotations

from dataclasses import fields

from ari_app.settings import DatabaseSettings, variables


def secret_variables(kind: type[DatabaseSettings]) -> list[str]:
    """The variables of the settings that may be given as a file: each with `_FILE` behind its name."""
    is_secret = {one.name: one.metadata["is_secret"] for one in fields(kind)}
    return [variable for variable, name in variables(kind).items() if is_secret[name]]
