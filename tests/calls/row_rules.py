"""Rules about the rows of a world, whatever has happened: visits, states and promises, and what callers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast

from ari_app.core.call import Call, FactKind, Stage
from ari_app.core.operators import OperatorSession, OperatorState
from ari_app.core.queue_visits import VisitReason
from tests.calls.world import World

#: what a caller heard when a fact says that they were told or asked, by the beginning of its prompts
TOLD: Mapping[str, str | tuple[str, ...]] = {
    FactKind.POSITION_TOLD: "nl/positie-",
    FactKind.NOBODY_TOLD: "nl/even-niemand",
    FactKind.QUESTION_ASKED: "nl/welk",
    FactKind.CALLBACK_OFFERED: "nl/terug-aanbod",
    FactKind.SURVEY_OFFERED: "nl/vragen-aanbod",
    "closed": ("nl/gesloten", "gemeente/"),
    "calamity": "nl/mededeling",
    "promise": "nl/terug-kenmerk",
    "too_long": "nl/te-lang-gewacht",
    "overload": "nl/lijnen-bezet",
    "nobody": "nl/niemand",
}
SAID = {FactKind.ANNOUNCED, *TOLD}
#: those that are questions, or said with one, may be answered before their end
ANSWERED_EARLY = {FactKind.QUESTION_ASKED, FactKind.CALLBACK_OFFERED, FactKind.SURVEY_OFFERED, "too_long", "nobody"}
WITH_CALL = (OperatorState.OFFERED, OperatorState.TALKING)


def check_visits(world: World, call: Call) -> None:
    """A caller in a queue has one open visit, of this very queue; visits do not overlap, and end with the call."""
    visits = world.ledger.visits_of(call.id)
    in_queue = call.stage is Stage.WAITING and call.direct_until_at is None
    still_open = [one for one in visits if one.is_open]
    assert len(still_open) <= 1
    if in_queue:
        assert [(one.municipality, one.only_team) for one in still_open] == [(call.municipality, call.only_team)]
    if not call.is_open or call.stage is Stage.TALKING:
        assert not still_open
    for one, following in pairwise(visits):
        assert one.left_at is not None and one.left_at <= following.entered_at
    for one in visits:
        assert one.entered_at >= call.arrived_at
        assert one.left_at is None or one.entered_at <= one.left_at
        assert one.reason is not VisitReason.TRANSFER or call.transfers_asked


def check_what_was_heard(world: World, call: Call) -> None:
    """No row says that somebody was told or asked what they did not hear; to its end, or until they answered."""
    facts = [fact for fact in world.ledger.told.get(call.id, ()) if fact.kind in SAID]
    if not facts:
        return
    whole = [words for channel, words in world.switch.heard_whole if channel == call.channel_id]
    begun = [words for channel, words in world.switch.said if channel == call.channel_id]
    for told, times in Counter(str(fact.detail.get("what", fact.kind)) for fact in facts).items():
        played = begun if told in ANSWERED_EARLY else whole
        assert times <= sum(any(name.startswith(TOLD[told]) for name in words) for words in played), told


def check_legs(world: World) -> None:
    """No leg ends before it began, or before it was answered."""
    for leg in world.ledger.legs.values():
        assert leg.ended_at is None or leg.started_at <= (leg.answered_at or leg.started_at) <= leg.ended_at, leg
        assert leg.left_at is None or leg.joined_at is None or leg.joined_at <= leg.left_at, leg


def check_one_call_each(sessions: Iterable[OperatorSession]) -> None:
    """Two operators do not have one call."""
    with_call = [session.call_id for session in sessions if session.is_open and session.call_id is not None]
    assert len(with_call) == len(set(with_call))


def check_stretches(world: World) -> None:
    """The states of each session touch, from login to logout or to the present state: their sum is that time."""
    ledger = world.ledger
    for session in ledger.sessions.values():
        stretches = [one for one in ledger.stretches if one.session_id == session.id]
        ends = [session.logged_in_at, *(one.until_at for one in stretches)]
        assert [one.from_at for one in stretches] == ends[:-1]
        assert ends[-1] == session.state_since_at
        assert session.logged_out_at in (None, session.state_since_at)
        total = sum((one.duration for one in stretches), timedelta())
        assert total == session.state_since_at - session.logged_in_at
        assert all(one.duration > timedelta() and one.state is not OperatorState.AWAY for one in stretches)
        assert all((one.call_id is not None) == (one.state in WITH_CALL) for one in stretches)


def check_promises(world: World) -> None:
    requests = list(world.callback_rows.requests.values())
    still_open = [(one.municipality, one.pii_number) for one in requests if one.closed_at is None]
    assert len(still_open) == len(set(still_open))
    for call in world.ledger.calls.values():
        if call.pii_callback_number is None or call.callback_request is not None:
            continue
        of_number = {
            one.reference
            for one in requests
            if (one.municipality, one.pii_number) == (call.municipality, call.pii_callback_number)
        }
        assert of_number
        assert call.callback_reference is None or call.callback_reference in of_number


def time_in_queues(rows: list[tuple[Call, bool]]) -> timedelta:
    """From `waiting` until a human answered or the call ended.

    A question about a callback ends it when it began, unless the caller goes on waiting in the same queue. A caller who
    hung up while the step into a queue was carried out was in it for no time.
    """
    total, since, asked_at = timedelta(), cast(datetime | None, None), cast(datetime | None, None)
    queue: object = None
    for row, is_queued in rows:
        is_offered = row.stage is Stage.CONNECTING and is_queued  # at once, without a row of its own for the queue
        is_waiting = (is_offered or row.stage is Stage.WAITING) and row.direct_until_at is None
        if row.stage is Stage.LEAVING_CALLBACK:
            asked_at = row.stage_entered_at
            continue
        is_in_same = row.stage is Stage.CONNECTING or (is_waiting and (row.municipality, row.only_team) == queue)
        if since is not None and not is_in_same:
            left_at = row.ended_at or row.stage_entered_at
            total += max((left_at if asked_at is None else min(left_at, asked_at)) - since, timedelta())
            since = None
        if is_waiting:
            since, asked_at, queue = since or row.stage_entered_at, None, (row.municipality, row.only_team)
    return total
