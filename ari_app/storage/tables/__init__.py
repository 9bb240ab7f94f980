"""Every table, once. Names and columns are a contract: reports and other programs read them with SQL.

Instants are `timestamptz` in UTC, named `*_at`; times of day and days are Europe/Amsterdam. Personal data stands only
in columns named `pii_*`. An enum of `core` is text with a CHECK, so that a new member is an ordinary migration.
"""

from ari_app.storage.tables.accounts import (
    account,
    account_link,
    account_role,
    login_attempt,
    recovery_code,
    web_session,
)
from ari_app.storage.tables.area import (
    OPERATOR_SKILL_VIEW,
    calamity,
    callable_country,
    closing,
    direct_number,
    directory_entry,
    directory_entry_hours,
    followed_file,
    member_consultation,
    municipality,
    nightly_run,
    open_day,
    opening_hours,
    operator,
    operator_skill,
    operator_team,
    shared_number,
    shared_number_member,
    special_day,
    team,
    team_municipality,
)
from ari_app.storage.tables.audit_views import AUDIT_VIEW
from ari_app.storage.tables.boards import board_token
from ari_app.storage.tables.callback_views import CALLBACK_VIEWS, callback_promise, callback_proof
from ari_app.storage.tables.callbacks import (
    callback_attempt,
    callback_fact,
    callback_reference,
    callback_reminder,
    callback_request,
    callback_rules,
    operator_absence,
    team_contact,
)
from ari_app.storage.tables.changes import change, change_log
from ari_app.storage.tables.columns import metadata
from ari_app.storage.tables.commands import command
from ari_app.storage.tables.early_closings import early_closing
from ari_app.storage.tables.figures import (
    figure_bucket,
    figure_progress,
    measure_definition,
    repeated_call,
    team_time,
)
from ari_app.storage.tables.history import operator_state, queue_visit
from ari_app.storage.tables.nodes import node
from ari_app.storage.tables.overloads import overload
from ari_app.storage.tables.pins import phone_pin_attempt, pin_attempt
from ari_app.storage.tables.record import (
    audit_log,
    call,
    call_fact,
    call_leg,
    cel_position,
    operator_line,
    operator_session,
    outbox,
)
from ari_app.storage.tables.retention import erasure, retention_mark, retention_rules
from ari_app.storage.tables.scripts import (
    call_script,
    script,
    script_miss,
    script_remark,
    script_synonym,
    script_use,
    script_version,
)
from ari_app.storage.tables.service_tokens import service_token
from ari_app.storage.tables.survey import survey_answer, survey_rules
from ari_app.storage.tables.transfers import transfer, transfer_allowance, transfer_wish
from ari_app.storage.tables.wrap_ups import call_wrap_up

__all__ = [
    "AUDIT_VIEW",
    "CALLBACK_VIEWS",
    "OPERATOR_SKILL_VIEW",
    "account",
    "account_link",
    "account_role",
    "audit_log",
    "board_token",
    "calamity",
    "call",
    "call_fact",
    "call_leg",
    "call_script",
    "call_wrap_up",
    "callable_country",
    "callback_attempt",
    "callback_fact",
    "callback_promise",
    "callback_proof",
    "callback_reference",
    "callback_reminder",
    "callback_request",
    "callback_rules",
    "cel_position",
    "change",
    "change_log",
    "closing",
    "command",
    "direct_number",
    "directory_entry",
    "directory_entry_hours",
    "early_closing",
    "erasure",
    "figure_bucket",
    "figure_progress",
    "followed_file",
    "login_attempt",
    "measure_definition",
    "member_consultation",
    "metadata",
    "municipality",
    "nightly_run",
    "node",
    "open_day",
    "opening_hours",
    "operator",
    "operator_absence",
    "operator_line",
    "operator_session",
    "operator_skill",
    "operator_state",
    "operator_team",
    "outbox",
    "overload",
    "phone_pin_attempt",
    "pin_attempt",
    "queue_visit",
    "recovery_code",
    "repeated_call",
    "retention_mark",
    "retention_rules",
    "script",
    "script_miss",
    "script_remark",
    "script_synonym",
    "script_use",
    "script_version",
    "service_token",
    "shared_number",
    "shared_number_member",
    "special_day",
    "survey_answer",
    "survey_rules",
    "team",
    "team_contact",
    "team_municipality",
    "team_time",
    "transfer",
    "transfer_allowance",
    "transfer_wish",
    "web_session",
]
