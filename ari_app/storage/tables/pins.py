"""Wrong PINs, and until when nobody may try another (`core.pin_limits`)."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.storage.tables.columns import instant, key, metadata, optional_instant


def _attempts(name: str, of: str) -> sa.Table:
    columns = (sa.Column("failed_attempts", sa.Integer, nullable=False), instant("last_at"))
    return sa.Table(name, metadata, key(of), *columns, optional_instant("locked_until_at"))


#: By the number that was keyed in, known or not: a lock does not betray which numbers exist.
pin_attempt = _attempts("pin_attempt", "operator")
#: By the phone on which they were keyed, whatever number they were for.
phone_pin_attempt = _attempts("phone_pin_attempt", "endpoint")
