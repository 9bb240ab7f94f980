"""values of enumerations are known by a function in the tables that each call writes

Revision 0026, after 0025. The values are the same as before; the rows of before are read once more, while calls go on.
"""

from __future__ import annotations

from alembic import op

from ari_app.storage.db.constraints import set_members, set_members_by_function

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_END_REASONS = (
    "caller_hung_up_early abandoned_in_menu abandoned_in_announcement abandoned_waiting caller_hung_up "
    "caller_line_lost operator_hung_up callback_not_answered callback_given_up caller_left_in_transfer "
    "closed calamity nobody_available waited_too_long callback_promised not_served heard_busy "
    "handled_by_fallback fault lost"
)
_STATES = "away ready offered talking wrap_up paused"
_PAUSE_REASONS = "break lunch meeting training administration no_answer on_hold"
_OUTCOMES = (
    "answered abandoned callback virtual_hold waited_too_long nobody_available moved not_reached given_up fallback lost"
)
_FACTS = (
    "arrived answered_line question_asked wrong_key municipality_chosen announced queued position_told "
    "nobody_told offered offer_failed answered calling_back callback_marked request_closed put_down "
    "held held_no_more transfer_asked transfer_refused transfer_state transferred transfer_over came_back "
    "callback_offered callback_requested callback_limited stage resumed to_fallback noted ended"
)

_MEMBERS = (
    ("call", "stage", "arrived choosing announcing waiting connecting talking leaving_callback ended"),
    ("call", "choice", "key default number"),
    ("call", "callback_mark", "reached no_answer busy voicemail wrong_number refused failed lost"),
    ("call", "end_reason", _END_REASONS),
    ("call", "ending", _END_REASONS),
    (
        "call",
        "callback_reason",
        "menu waiting closed calamity operator refused_transfer transfer_not_answered abandoned desk",
    ),
    ("call", "callback_kind", "promise virtual_hold"),
    ("call", "callback_confirmed_how", "shown typed spoken unconfirmed"),
    ("call_leg", "role", "caller operator colleague callback"),
    ("call_leg", "end_reason", "hung_up released no_answer busy unreachable to_fallback line_lost lost"),
    ("call_fact", "kind", _FACTS),
    ("operator_session", "reach", "line ring"),
    ("operator_session", "state", _STATES),
    ("operator_session", "pause_reason", _PAUSE_REASONS),
    ("operator_session", "pause_pending", _PAUSE_REASONS),
    ("operator_session", "logout_reason", "hung_up key replaced line_lost lost asterisk_restarted"),
    ("operator_state", "state", _STATES),
    ("operator_state", "pause_reason", _PAUSE_REASONS),
    ("queue_visit", "reason", "menu direct transfer returned virtual_hold"),
    ("queue_visit", "outcome", _OUTCOMES),
)


def upgrade() -> None:
    for table, column, members in _MEMBERS:
        set_members_by_function(table, column, members.split())


def downgrade() -> None:
    for table, column, members in _MEMBERS:
        set_members(table, column, members.split())
        op.execute(f"DROP FUNCTION known_{table}_{column}(text)")
