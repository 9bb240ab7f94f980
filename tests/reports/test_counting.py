"""What a call, a promise and a state count for, with their side cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ari_app.core.call import EndReason
from ari_app.core.queue_visits import VisitOutcome
from ari_app.reports.counting import (
    PromiseRow,
    TalkRow,
    VisitRow,
    count_promise,
    end_key,
    no_buckets,
)
from ari_app.reports.measures import MEASURES
from ari_app.reports.tally import Tally
from ari_app.reports.waits import end_of, whole_seconds
from tests.reports.rows import (
    ANSWERED,
    NINE,
    NUMBER,
    OTHER,
    PARTS,
    STAY,
    TALK,
    TEAM,
    TOWN,
    at,
    counts,
    counts_of,
)

pytestmark = pytest.mark.pure

NOT_ANSWERED = {"answered_at": None, "end_reason": "abandoned_waiting"}
NO_TALK: dict[str, Any] = {"talks": ()}


def test_an_answered_call() -> None:
    assert counts_of() == {
        (TOWN, TEAM, NUMBER): {
            "in": 1,
            "answered": 1,
            "asked": 1,
            "end:caller_hung_up": 1,
            "transfers:0": 1,
            "talked": 1,
            "talk_ms": 60_000,
            "q:a:20": 1,
            "r:a:30": 1,
        }
    }


@pytest.mark.parametrize(
    ("call", "parts", "expected", "absent"),
    [
        (NOT_ANSWERED, NO_TALK, {"end:abandoned_waiting": 1}, ["answered", "talked", "transfers:0"]),
        ({"end_reason": None, "ended_at": None}, {}, {"answered": 1}, ["open", "end:caller_hung_up"]),
        ({"end_reason": None, "ended_at": None, "answered_at": None}, NO_TALK, {"open": 1}, ["answered"]),
        ({"calamity": True}, {}, {"calamity": 1}, []),
        ({"choice": "default"}, {}, {"asked": 1, "no_choice": 1}, []),
        ({"choice": "number"}, {}, {}, ["asked"]),
        ({"choice": None, "end_reason": "abandoned_in_menu", "answered_at": None}, NO_TALK, {"asked": 1}, []),
        ({"choice": None, "end_reason": "caller_hung_up_early", "answered_at": None}, NO_TALK, {}, ["asked"]),
        ({"end_reason": "closed", "answered_at": None}, NO_TALK, {"closed": 1}, []),
        ({"end_reason": "callback_promised", "callback_reason": "closed"}, {}, {"closed": 1}, []),
        ({"end_reason": "callback_promised", "callback_reason": "waiting"}, {}, {}, ["closed"]),
        ({"handled_by_fallback": True}, {}, {"fallback": 1, "answered": 1}, []),
        ({"end_is_estimated": True}, {}, {"estimated": 1}, []),
        ({"transfer_count": 2, "transfers_asked": 3}, {}, {"transfers:2": 1, "transfers_asked": 3}, ["transfers:0"]),
        ({"transfer_count": 5}, {}, {"transfers:3": 1}, ["transfers:5"]),
        ({}, {"facts": [("wrong_key", at(3)), ("wrong_key", at(6))]}, {"wrong_key": 1}, []),
        ({}, {"facts": [("transfer_refused", at(40))] * 2}, {"transfers_refused": 2}, []),
        ({}, {"subjects": ["paspoort", "paspoort", "", "afval"]}, {"subject:paspoort": 1, "subject:afval": 1}, []),
        ({}, {"is_repeated": True}, {"repeated": 1}, []),
    ],
)
def test_what_a_call_counts_for(
    call: dict[str, Any], parts: dict[str, Any], expected: dict[str, int], absent: list[str]
) -> None:
    found = counts(call, parts)
    assert {key: found.get(key) for key in expected} == expected
    assert not set(absent) & set(found)


#: for whom nobody could have been reached; of every other end it is asked whether a human answered
NOT_REACHABLE = {EndReason.CLOSED, EndReason.CALAMITY, EndReason.NOT_SERVED}
HUNG_UP = {
    EndReason.CALLER_HUNG_UP_EARLY: "opgehangen_begin",
    EndReason.ABANDONED_IN_MENU: "opgehangen_keuzemenu",
    EndReason.ABANDONED_IN_ANNOUNCEMENT: "opgehangen_melding",
    EndReason.ABANDONED_WAITING: "opgehangen_wachtrij",
}


@pytest.mark.parametrize("reason", EndReason)
def test_each_end_is_placed(reason: EndReason) -> None:
    tally = Tally(fewest_calls=1)
    tally.counts.update(counts({"end_reason": reason.value, "answered_at": None}, NO_TALK))
    assert tally.counts[end_key(reason)] == 1
    values = {code: one.figure(tally) for code, one in MEASURES.items()}
    assert values["bereikbaarheid"].of == (0 if reason in NOT_REACHABLE else 1)
    assert values["opgehangen"].value == (1 if reason.is_abandoned else 0) == (reason in HUNG_UP)
    assert {code for code in HUNG_UP.values() if values[code].value} == {
        HUNG_UP[one] for one in {reason} & set(HUNG_UP)
    }
    assert values["geen_plaats"].value == (reason in (EndReason.TURNED_AWAY, EndReason.HEARD_BUSY))


@pytest.mark.parametrize(
    ("talks", "milliseconds"),
    [
        ([TalkRow(TEAM, at(30), at(60), None), TalkRow(None, at(50), at(90), None)], 60_000),  # both, for ten seconds
        ([TalkRow(TEAM, at(30), at(60), None), TalkRow(None, at(70), at(90), None)], 50_000),  # back in the queue
        ([TalkRow(TEAM, at(30), at(90), None), TalkRow(None, at(40), at(50), None)], 60_000),  # one within the other
        ([TalkRow(TEAM, at(30), None, None)], 60_000),  # nobody saw it end: until the call did
    ],
)
def test_time_in_which_anybody_had_the_caller_counts_once(talks: list[TalkRow], milliseconds: int) -> None:
    found = counts({}, {"talks": talks})
    assert (found["talked"], found["talk_ms"]) == (1, milliseconds)


@pytest.mark.parametrize(
    ("facts", "milliseconds"),
    [
        ([("held", at(40)), ("held_no_more", at(50)), ("held", at(60)), ("held_no_more", at(61.5))], 11_500),
        ([("held", at(40)), ("held", at(45)), ("held_no_more", at(50))], 10_000),
        ([("held", at(80))], 10_000),  # put down while on hold
        ([("held_no_more", at(80))], None),
    ],
)
def test_holds(facts: list[tuple[str, datetime]], milliseconds: int | None) -> None:
    found = counts({}, {"facts": facts})
    assert (found.get("held"), found.get("hold_ms")) == (1 if milliseconds else None, milliseconds)


def test_each_talk_has_its_own_wrap_up() -> None:
    talks = [TalkRow(TEAM, at(30), at(60), 12_000), TalkRow("zandermeer", at(60), at(90), 0), TALK]
    found = counts({}, {"talks": talks})
    assert (found["wrapped_up"], found["wrap_up_ms"]) == (2, 12_000)


def test_a_call_that_went_to_another_municipality_belongs_to_the_first_but_for_the_wait_there() -> None:
    second = VisitRow(OTHER, "transfer", at(60), TOWN, False, at(75.25), "answered")
    call = replace(ANSWERED, municipality=OTHER, transfer_count=1)
    found = counts_of(call, replace(PARTS, visits=(STAY, second)))
    assert found[OTHER, "", NUMBER] == {"from_elsewhere": 1, "elsewhere_ms": 15_250}
    assert found[TOWN, TEAM, NUMBER]["transfers:1"] == 1
    assert {key for key in found[TOWN, TEAM, NUMBER] if key[:2] in ("q:", "r:")} == {"q:a:20", "r:a:30"}


def test_a_direct_call_that_went_to_another_municipality_belongs_to_the_one_it_came_from() -> None:
    visit = VisitRow(OTHER, "transfer", at(60), TOWN, False, None, None)
    assert set(counts_of(replace(ANSWERED, municipality=OTHER), replace(PARTS, visits=(visit,)))) == {
        (TOWN, TEAM, NUMBER)
    }


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        ({"outcome": "abandoned"}, {"q:h:20", "r:h:30"}),
        ({"outcome": "callback"}, {"q:c:20", "r:c:30"}),
        ({"outcome": "virtual_hold"}, {"q:c:20", "r:c:30"}),
        ({"outcome": "waited_too_long"}, {"q:o:20", "r:o:30"}),
        ({"outcome": "fallback"}, {"q:o:20", "r:o:30"}),
        ({"outcome": "moved"}, set()),
        ({"outcome": None, "left_at": None}, set()),
        ({"reason": "transfer"}, set()),
        ({"reason": "returned"}, set()),
        ({"reason": "direct"}, {"q:a:20", "r:a:30"}),
        ({"calamity": True}, {"q:a!:20", "r:a!:30"}),
        ({"left_at": at(35.001)}, {"q:a:26", "r:a:36"}),
        ({"left_at": at(35)}, {"q:a:25", "r:a:35"}),
        ({"left_at": at(10)}, {"q:a:0", "r:a:10"}),
    ],
)
def test_the_first_stay_is_a_wait_by_both_clocks(visit: dict[str, Any], expected: set[str]) -> None:
    places = counts_of(ANSWERED, replace(PARTS, visits=(replace(STAY, **visit),))).values()
    assert {key for counted in places for key in counted if key[:2] in ("q:", "r:")} == expected


@pytest.mark.parametrize("outcome", VisitOutcome)
def test_each_end_of_a_stay_is_placed(outcome: VisitOutcome) -> None:
    assert (end_of(outcome) is None) == (outcome is VisitOutcome.MOVED)


def test_a_clock_that_goes_back_gives_no_negative_wait() -> None:
    assert whole_seconds(timedelta(seconds=-3)) == 0


def test_a_callback_is_a_talk_and_no_call_of_a_citizen() -> None:
    found = counts({"is_ours": True, "number": ""})
    assert found == {"talked": 1, "talk_ms": 60_000, "called_back": 1}


NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
PROMISE = PromiseRow(TOWN, TEAM, NINE, NOON, NOON - timedelta(hours=1), NOON)


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, {"due": 1, "due_tried": 1, "due_reached": 1}),
        ({"reached_at": NOON + timedelta(microseconds=1)}, {"due": 1, "due_tried": 1}),
        ({"reached_at": None}, {"due": 1, "due_tried": 1}),
        ({"first_attempt_at": None, "reached_at": None}, {"due": 1}),
        ({"first_attempt_at": None}, {"due": 1, "due_reached": 1}),  # called us, and was helped
    ],
)
def test_a_promise_counts_by_its_first_contact_and_by_its_deadline(
    changes: dict[str, Any], due: dict[str, int]
) -> None:
    buckets = no_buckets()
    count_promise(buckets, replace(PROMISE, **changes))
    place = (TOWN, TEAM, "")
    assert dict(buckets[NINE - timedelta(minutes=7), place]) == {"promised": 1}
    assert dict(buckets[NOON, place]) == due


def test_a_promise_that_is_due_in_the_quarter_of_its_first_contact_counts_for_both() -> None:
    buckets = no_buckets()
    count_promise(buckets, replace(PROMISE, deadline_at=NINE + timedelta(minutes=1)))
    ((counted),) = buckets.values()
    assert dict(counted) == {"promised": 1, "due": 1}
