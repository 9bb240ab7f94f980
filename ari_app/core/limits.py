"""Every limit on what callers and phones may do: what it refuses, the reason that is given, how it is counted. Pure.

The code that refuses takes its mark in the record from here, so that none refuses without being counted; a table of
docs/operations.md says the same to people. Files and commands are limited too: that is refused input, which ends with
exit code 2 and the name of the field, and which nobody has to count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ari_app.core.call import Fact, FactKind


class Limit(StrEnum):
    """The limit that stands in the way, as the record and the log name it."""

    CALLER = "caller"
    NUMBER = "number"
    HOUR = "hour"
    TRANSFERS = "transfer_limit"
    TRUNK = "trunk_full"
    CALLS_OF_CALLER = "caller_limit"
    OVERLOAD = "overload"
    LOGIN_TRIES = "login_tries"
    PIN_WAIT = "pin_wait"


#: in place of a prompt: SIP's way to say it
BUSY = "486"


@dataclass(frozen=True, slots=True)
class LimitRule:
    """`reason`: the prompt that says so, or BUSY. Counted by a fact of the call, by a line of the log, or by both."""

    on: str
    reason: str
    fact: FactKind | None = None
    field: str = "limit"  # of the fact, whose value is the limit
    event: str | None = None  # of the log, with the field `limit`


RULES: Mapping[Limit, LimitRule] = {
    Limit.CALLER: LimitRule(
        "numbers on which one caller, by the number shown, asks to be called back within an hour (`most_per_caller`)",
        "terug-lukt-niet",
        FactKind.CALLBACK_LIMITED,
        event="callback_limited",
    ),
    Limit.NUMBER: LimitRule(
        "requests of callers within an hour to call one number back (`most_per_number`)",
        "terug-lukt-niet",
        FactKind.CALLBACK_LIMITED,
        event="callback_limited",
    ),
    Limit.HOUR: LimitRule(
        "requests of all callers of one municipality within an hour (`most_per_hour`)",
        "terug-lukt-niet",
        FactKind.CALLBACK_LIMITED,
        event="callback_limited",
    ),
    Limit.TRANSFERS: LimitRule(
        "transfers of one caller between persons: two, and one more for each that a supervisor allows",
        "maximum-doorverbonden",
        FactKind.TRANSFER_REFUSED,
        field="reason",
    ),
    Limit.TRUNK: LimitRule(
        "calls of citizens at the same time (`ARI_APP_TRUNK_CALLS`)",
        BUSY,
        FactKind.ENDED,
        event="callers_heard_busy",
    ),
    Limit.CALLS_OF_CALLER: LimitRule(
        "calls from one number at the same time (`ARI_APP_CALLER_CALLS`)",
        BUSY,
        FactKind.ENDED,
        event="callers_heard_busy",
    ),
    Limit.OVERLOAD: LimitRule(
        "new calls while this machine can carry no more (see [Too many callers](#too-many-callers))",
        BUSY,
        FactKind.ENDED,
        event="callers_heard_busy",
    ),
    Limit.LOGIN_TRIES: LimitRule(
        "tries to log in during one call to the operators' number: three", "inlog-gesloten", event="login_closed"
    ),
    Limit.PIN_WAIT: LimitRule(
        "tries with a number, or on a phone, after wrong PINs in a row (the waits: see `login_failed`)",
        "inlog-gesloten",
        event="login_closed",
    ),
}


def refusal(limit: Limit, at: datetime) -> Fact:
    """The fact of a call by which a limit that was reached is counted."""
    rule = RULES[limit]
    assert rule.fact is not None, limit
    return Fact(at, rule.fact, {rule.field: limit.value})
