"""The kinds of commands that the schema knows: which revision brought which.

For migrations: the CHECK of a revision has its own kinds and those of before, whatever came later. All of them together
are `core.commands.What`. A new kind gets a revision here, and nothing else repeats the list.
"""

from __future__ import annotations

from collections.abc import Mapping

from alembic import op

from ari_app.storage.db.constraints import set_members

#: in the order of the revisions
BROUGHT: Mapping[str, tuple[str, ...]] = {
    "0023": (
        "ready",
        "pause",
        "pause_after_call",
        "end_wrap_up",
        "log_out",
        "log_in",
        "hold",
        "transfer",
        "transfer_to_queue",
        "swap",
        "conference",
        "complete",
        "cancel",
        "put_down",
        "promise_callback",
        "next_callback",
        "make_callback",
        "mark_callback",
        "close_request",
        "allow_transfer",
        "unlock_pin",
        "assign_request",
    ),
    "0027": ("wrap_up",),
    "0029": ("ask_allowance", "close_by_person", "set_calamity", "end_calamity", "close_early", "open_again"),
    "0032": (
        "add_account",
        "lock_account",
        "unlock_account",
        "reset_account",
        "give_role",
        "take_role",
        "link_operator",
    ),
    "0034": ("follow_provider", "link_subject"),
    "0035": ("forget_factor",),
    "0037": ("make_promise",),
    "0039": ("open_phone",),
    "0042": ("choose_script",),
    "0044": ("change_directory", "remove_entry"),
    "0045": ("offer_survey",),
}


def kinds_at(revision: str) -> tuple[str, ...]:
    """Those of a revision and of all before it."""
    return tuple(kind for brought_by, kinds in BROUGHT.items() if brought_by <= revision for kind in kinds)


def add_kinds(revision: str) -> None:
    """In a migration that brings kinds: they may be stored from now on."""
    set_members("command", "what", kinds_at(revision))


def remove_kinds(revision: str) -> None:
    """In its downgrade: commands of these kinds are deleted, and none may be stored any more."""
    listed = ", ".join(f"'{kind}'" for kind in BROUGHT[revision])
    op.execute(f"DELETE FROM command WHERE what IN ({listed})")
    set_members("command", "what", [kind for kind in kinds_at(revision) if kind not in BROUGHT[revision]])
