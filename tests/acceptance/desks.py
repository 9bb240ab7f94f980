"""Many operators who dial in at their desks, each with their own phone and keys, played by one SIPp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ari_app.local.asterisk import SipAccount
from tests.acceptance import dtmf
from tests.acceptance.phones import citizen_calls
from tests.acceptance.sipp_scenario import BODY, EACH, Caller, Scenario, Values, row_of

#: SIPp sends the keys of a row as payload type 96, whatever was agreed
_KEYS_BODY: Values = {"BODY": BODY.replace("101", "96")}
_KEYS: tuple[str, Values] = ("keys_of_row", {"KEYS": "[field2]"})


def operators_dial_in(operators: Sequence[tuple[SipAccount, str]], stay_seconds: float) -> Scenario:
    """As many calls as operators, each an account and the keys that tell who it is; they stay on the line."""
    dials = citizen_calls("1400", stay_seconds, caller=Caller.account(EACH))
    at = 1 + next(place for place, (step, _) in enumerate(dials.steps) if step == "ack")
    steps = [(step, values | _KEYS_BODY if step == "invite" else values) for step, values in dials.steps]
    keys_seconds = max(dtmf.duration_ms(keys) for _, keys in operators) / 1000
    return replace(
        dials,
        name="operators",
        steps=(*steps[:at], _KEYS, *steps[at:]),
        longest_seconds=dials.longest_seconds + keys_seconds,
    ).of_rows(f"{row_of(account)};{keys}" for account, keys in operators)
