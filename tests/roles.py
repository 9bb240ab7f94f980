"""The roles of the database in the tests: each URL of an owner, as that of `serve` or of `web`."""

from __future__ import annotations

import re

from ari_app.storage.db.roles import SERVE, WEB

PASSWORDS = {SERVE: "serve-of-the-tests", WEB: "web-of-the-tests"}


def as_role(owner_url: str, role: str) -> str:
    """The same database, entered with fewer rights."""
    return re.sub("://[^:]+:[^@]*@", f"://{role}:{PASSWORDS[role]}@", owner_url, count=1)
