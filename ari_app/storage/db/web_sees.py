"""The rows that the role of `web` sees of each table, as conditions of its policies (`storage.db.roles`).

They are the wall behind the scope that each query takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.storage.db.scopes import SCOPE_SETTING

_OWN = f"coalesce(current_setting('{SCOPE_SETTING}', true), '')"
_IN_SCOPE = f"({_OWN} = '*' OR {{0}} = ANY (string_to_array({_OWN}, ',')))"


def _through(table: str, key: str, column: str) -> str:
    """Visible when the row that it belongs to is: that table has a policy of its own."""
    return f"EXISTS (SELECT FROM {table} WHERE {table}.{key} = {column})"


def _of_operator(column: str) -> str:
    skill = _IN_SCOPE.format("skill.municipality")
    return f"{_OWN} = '*' OR EXISTS (SELECT FROM operator_skill skill WHERE skill.operator = {column} AND {skill})"


def _of_team(column: str) -> str:
    served = _IN_SCOPE.format("served.municipality")
    return f"EXISTS (SELECT FROM team_municipality served WHERE served.team = {column} AND {served})"


def _of_whole_team(column: str) -> str:
    """Of a team that works for the municipalities of the scope, and for no others."""
    served = f"FROM team_municipality served WHERE served.team = {column}"
    others = f"EXISTS (SELECT {served} AND served.municipality <> ALL (string_to_array({_OWN}, ',')))"
    return f"{_OWN} = '*' OR (EXISTS (SELECT {served}) AND NOT {others})"


#: Everybody and everything that a command is about is in the scope. Whoever has a call may give commands about it, also
#: when it reached no municipality. A command that was claimed may have taken the call elsewhere: its answer is read all
#: the same. A new row is never claimed, for `web` may not say so (`storage.db.roles`).
_COMMAND = " AND ".join(
    (
        "account IS NULL",  # whose rights change is for the whole group to read: an account is of no municipality
        f"(municipality IS NULL OR {_IN_SCOPE.format('municipality')})",
        f"(operator IS NULL OR {_of_operator('command.operator')})",
        f"(claimed_at IS NOT NULL OR call_id IS NULL OR {_through('call', 'id', 'command.call_id')} OR EXISTS (SELECT"
        " FROM operator_session s WHERE s.operator = command.operator AND s.call_id = command.call_id))",
        f"(request_id IS NULL OR {_through('callback_request', 'id', 'command.request_id')})",
    )
)

#: the rows that `web` sees, by table; of a table that is not here it sees all, when it has the right
WEB_SEES: Mapping[str, str] = {
    "call": _IN_SCOPE.format("municipality"),
    "call_leg": _through("call", "id", "call_leg.call_id"),
    "call_fact": _through("call", "id", "call_fact.call_id"),
    "transfer": _through("call", "id", "transfer.call_id"),
    "call_wrap_up": _through("call", "id", "call_wrap_up.call_id"),
    "call_script": _through("call", "id", "call_script.call_id"),
    "queue_visit": _IN_SCOPE.format("municipality"),
    "transfer_wish": _through("call", "id", "transfer_wish.call_id"),
    "transfer_allowance": _through("call", "id", "transfer_allowance.call_id"),
    "callback_request": _IN_SCOPE.format("municipality"),
    "callback_attempt": _through("callback_request", "id", "callback_attempt.request_id"),
    "callback_fact": _through("callback_request", "id", "callback_fact.request_id"),
    "figure_bucket": _IN_SCOPE.format("municipality"),
    "team_time": _of_whole_team("team_time.team"),
    "measure_definition": _IN_SCOPE.format("municipality"),
    "calamity": _IN_SCOPE.format("municipality"),
    "directory_entry": f"shared OR {_IN_SCOPE.format('municipality')}",
    "directory_entry_hours": _through("directory_entry", "code", "directory_entry_hours.entry"),
    "operator": _of_operator("operator.number"),
    "operator_team": _of_operator("operator_team.operator"),
    "operator_session": _of_operator("operator_session.operator"),
    "operator_state": _of_operator("operator_state.operator"),
    "operator_absence": _of_operator("operator_absence.operator"),
    # what was keyed and is no operator's number may be a PIN in the wrong place: nobody sees it
    "pin_attempt": "EXISTS (SELECT FROM operator WHERE operator.number = pin_attempt.operator)",
    "team_contact": _of_team("team_contact.team"),
    "command": f"{_OWN} = '*' OR ({_COMMAND})",
    # a board of the whole group is the whole group's; a token is looked up by nobody in particular
    "board_token": f"{_OWN} = '*' OR municipalities <@ string_to_array({_OWN}, ',')",
    "service_token": f"{_OWN} = '*' OR municipalities <@ string_to_array({_OWN}, ',')",
    # what is shared by all is everybody's
    "script": f"municipality IS NULL OR {_IN_SCOPE.format('municipality')}",
    "script_version": _through("script", "id", "script_version.script"),
    "script_use": _through("script", "id", "script_use.script"),
    "script_remark": _through("script", "id", "script_remark.script"),
    "script_synonym": f"municipality = '' OR {_IN_SCOPE.format('municipality')}",
    "script_miss": _IN_SCOPE.format("municipality"),
    "change": f"{_IN_SCOPE.format('municipality')} OR (operator IS NOT NULL AND ({_of_operator('change.operator')}))",
}

_OWN_SCRIPT = f"EXISTS (SELECT FROM script WHERE script.id = {{0}} AND {_IN_SCOPE.format('script.municipality')})"
#: what of it `web` writes, by table and verb: what all share is read by all, and changed for the whole group only
WEB_WRITES: Mapping[str, Mapping[str, str]] = {
    "script": dict.fromkeys(("INSERT", "UPDATE"), _IN_SCOPE.format("municipality")),
    "script_version": dict.fromkeys(("INSERT", "UPDATE"), _OWN_SCRIPT.format("script_version.script")),
    "script_remark": {"UPDATE": _OWN_SCRIPT.format("script_remark.script")},  # whoever reads a script may remark on it
}
