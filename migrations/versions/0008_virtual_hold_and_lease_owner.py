"""a place kept in the queue is a virtual hold; a lease has an owner

The stored values change with the names, in the append-only facts too: a request that is asked for again is found by
comparing facts, and a report must not need both words.

Revision 0008, after 0007.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

from ari_app.storage.db.constraints import add_members, add_rule, drop_rule

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OLD_KINDS = ("promise", "place_in_line")
_NEW_KINDS = ("promise", "virtual_hold")
_FACTS = (
    "created",
    "joined",
    "assigned",
    "claimed",
    "released",
    "lease_expired",
    "attempt_started",
    "attempt_answered",
    "talk_began",
    "attempt_ended",
    "place_lapsed",
    "escalated",
    "reminded",
    "closed",
)
_NEW_FACTS = tuple("virtual_hold_lapsed" if kind == "place_lapsed" else kind for kind in _FACTS)
#: the facts whose details name the owner of a lease
_LEASE_FACTS = "kind IN ('claimed', 'released', 'lease_expired')"

#: the facts whose details name the kind of a request; of the others, which are most, no details are read
_KIND_OF_REQUEST = "kind IN ('created', 'joined')"
_KIND_OF_CALL = "kind IN ('callback_offered', 'callback_requested')"


def upgrade() -> None:
    op.alter_column("callback_request", "lease_holder", new_column_name="lease_owner")
    drop_rule("callback_request", "place_has_moment")
    _rename_kind("place_in_line", "virtual_hold", _NEW_KINDS)
    add_rule("callback_request", "virtual_hold_has_moment", "kind <> 'virtual_hold' OR queued_at IS NOT NULL")
    _rename("callback_fact", "kind", "place_lapsed", "virtual_hold_lapsed", _NEW_FACTS)
    _rename_detail("holder", "lease_owner")


def downgrade() -> None:
    _rename_detail("lease_owner", "holder")
    _rename("callback_fact", "kind", "virtual_hold_lapsed", "place_lapsed", _FACTS)
    drop_rule("callback_request", "virtual_hold_has_moment")
    _rename_kind("virtual_hold", "place_in_line", _OLD_KINDS)
    add_rule("callback_request", "place_has_moment", "kind <> 'place_in_line' OR queued_at IS NOT NULL")
    op.alter_column("callback_request", "lease_owner", new_column_name="lease_holder")


def _rename_kind(old: str, new: str, known: Sequence[str]) -> None:
    """The kind of a request stands in its own row, in the row of its call, and in the facts of both."""
    _rename("callback_request", "kind", old, new, known)
    _rename("call", "callback_kind", old, new, known)
    for table, facts in (("callback_fact", _KIND_OF_REQUEST), ("call_fact", _KIND_OF_CALL)):
        op.execute(
            f"UPDATE {table} SET detail = jsonb_set(detail, '{{kind}}', '\"{new}\"')"
            f" WHERE {facts} AND detail->>'kind' = '{old}'"
        )


def _rename_detail(old: str, new: str) -> None:
    op.execute(
        f"UPDATE callback_fact SET detail = (detail - '{old}') || jsonb_build_object('{new}', detail->'{old}')"
        f" WHERE {_LEASE_FACTS} AND detail ? '{old}'"
    )


def _rename(table: str, column: str, old: str, new: str, known: Sequence[str]) -> None:
    """A stored value gets another name, and the column allows only the names of this revision."""
    drop_rule(table, f"{column}_known")
    op.execute(f"UPDATE {table} SET {column} = '{new}' WHERE {column} = '{old}'")
    add_members(table, column, known)
