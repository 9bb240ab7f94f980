"""The SQL of an operator's wish for one transfer more, as the desk and the supervisor's list both ask for it."""

from __future__ import annotations

#: when `{operator}` asked for it in the call of the row `call`, and nobody has allowed it since
WISHED_AT = """
(SELECT wish.asked_at FROM transfer_wish wish WHERE wish.call_id = call.id AND wish.operator = {operator}
  AND NOT EXISTS (SELECT FROM transfer_allowance one WHERE one.call_id = call.id
    AND one.allowed_at >= wish.asked_at))"""
