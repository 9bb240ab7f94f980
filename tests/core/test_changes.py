"""Positions in the log of changes: nothing is missed and nothing comes twice, in whatever order transactions commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.access import NOBODYS
from ari_app.core.area import Area, Operator, Team
from ari_app.core.changes import (
    Change,
    ChangeKind,
    ChangeLog,
    Position,
    Seen,
    each_once,
    must_start_anew,
)
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.skills import team_skill

pytestmark = pytest.mark.pure

HERE, ELSEWHERE = "0123456789ab", "ba9876543210"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def change(number: int, name: str = "a", municipality: str | None = "GM9901") -> Change:
    town = None if municipality is None else MunicipalityCode(municipality)
    return Change(number, ChangeKind.CALL, name, town, None, NOON)


def test_a_change_is_of_the_municipalities_that_its_row_belongs_to() -> None:
    anna, bert = OperatorNumber("101"), OperatorNumber("102")
    wierdam, elderlo = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
    team = Team(TeamCode("w"), "KCC", (wierdam,), helps=(elderlo,))
    area = Area(teams={team.code: team}, operators={anna: Operator(anna, "Anna", (team.code,))})
    assert change(1).scope(area) == frozenset({wierdam}) and change(1, municipality=None).scope(area) == NOBODYS
    session = replace(change(1, municipality=None), kind=ChangeKind.SESSION)
    assert replace(session, operator=anna).scope(area) == frozenset({wierdam, elderlo, team_skill("w")})
    assert replace(session, operator=bert).scope(area) == session.scope(area) == NOBODYS
    # A command about an operator is of the municipality that it names, and of none without.
    assert replace(session, kind=ChangeKind.COMMAND, operator=anna).scope(area) == NOBODYS


@pytest.mark.parametrize(
    "position",
    [Position(HERE, 0), Position(HERE, 17), Position(HERE, 2**62, frozenset({3, 2**61, 8}))],
)
def test_a_position_is_read_as_it_is_written(position: Position) -> None:
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("text", ["", "17", f"{HERE}:", f"{HERE}:x", f"{HERE}:7:", f"{HERE}:7:3,", f"{HERE}:7:3\n"])
def test_another_text_is_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="is no position"):
        Position.parse(text)


@pytest.mark.parametrize("text", [f"{HERE}:9223372036854775808", f"{HERE}:7:9999999999999999999"])
def test_a_number_that_no_transaction_has_is_in_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="no transaction has"):
        Position.parse(text)


def test_two_readers_together_know_what_either_knows() -> None:
    one, other = Position(HERE, 20, frozenset({12, 15})), Position(HERE, 25, frozenset({12, 24}))
    assert one.joined(other) == other.joined(one) == Position(HERE, 25, frozenset({12, 24}))
    assert one.joined(Position(HERE, 11, frozenset({9}))) == one


def test_postgres_writes_what_is_open() -> None:
    assert Seen.parse("10:20:10,14") == Seen(20, frozenset({10, 14}))
    assert Seen.parse("20:20:") == Seen(20, frozenset())


def test_a_number_that_was_open_is_known_once_it_is_no_more() -> None:
    position = Position(HERE, 10).moved(Seen(20, frozenset({12})))
    assert (position, position.number) == (Position(HERE, 20, frozenset({12})), 12)
    assert [number for number in range(9, 22) if not position.has(number)] == [12, 20, 21]
    position = position.moved(Seen(25, frozenset({24})))
    assert (position, position.number) == (Position(HERE, 25, frozenset({24})), 24)


def test_a_page_that_ends_early_knows_only_so_much() -> None:
    before = Position(HERE, 20, frozenset({5, 12}))
    now = Seen(40, frozenset({12, 33}))
    assert before.moved(now, last=5) == Position(HERE, 20, frozenset({12}))
    assert before.moved(now, last=4) == Position(HERE, 20, frozenset({5, 12}))
    assert before.moved(now, last=22) == Position(HERE, 23, frozenset({12}))
    assert before.moved(now, last=36) == Position(HERE, 37, frozenset({12, 33}))


@pytest.mark.parametrize(
    ("position", "log", "expected"),
    [
        (None, ChangeLog(HERE, HERE, 0), True),
        (Position(HERE, 10), ChangeLog(HERE, HERE, 10), False),
        (Position(HERE, 10, frozenset({9})), ChangeLog(HERE, HERE, 10), True),  # it may be gone
        (Position(HERE, 9), ChangeLog(HERE, HERE, 10), True),
        (Position(HERE, 10), ChangeLog(ELSEWHERE, HERE, 0), True),  # restored, and nobody has begun anew yet
        (Position(ELSEWHERE, 10), ChangeLog(ELSEWHERE, HERE, 0), True),
        (Position(HERE, 10), ChangeLog(ELSEWHERE, ELSEWHERE, 0), True),
        (Position(HERE, 31), ChangeLog(HERE, HERE, 0), True),  # of a future that is no more
        (Position(HERE, 30), ChangeLog(HERE, HERE, 0), False),
    ],
)
def test_a_reader_starts_anew_where_the_log_cannot_tell_all(
    position: Position | None, log: ChangeLog, expected: bool
) -> None:
    assert must_start_anew(position, log, Seen(30, frozenset())) is expected


def test_of_a_row_that_changed_twice_the_last_change_is_told_to_each_municipality() -> None:
    changes = [change(1), change(2, "b"), change(3, municipality="GM9902"), change(4)]
    assert each_once(changes) == (changes[1], changes[2], changes[3])


@given(st.data())
def test_a_reader_misses_nothing_and_hears_nothing_twice_whatever_commits_when(data: st.DataObject) -> None:
    """A model of the database: numbers are given in order, and become visible in any order, or never."""
    upcoming, running, committed = 1, set[int](), set[int]()
    readers = [Position(HERE, upcoming)] * 2
    told: list[list[int]] = [[], []]
    for _ in range(data.draw(st.integers(0, 40))):
        match data.draw(st.sampled_from(("begin", "begin", "commit", "commit", "roll back", "read", "read"))):
            case "begin":
                running.add(upcoming)
                upcoming += 1
            case "commit" if running:
                number = data.draw(st.sampled_from(sorted(running)))
                running.discard(number)
                committed.add(number)
            case "roll back" if running:
                running.discard(data.draw(st.sampled_from(sorted(running))))
            case "read":
                who = data.draw(st.integers(0, 1))
                _read(readers, told, who, Seen(upcoming, frozenset(running)), committed, data.draw(st.integers(1, 4)))
    for who in (0, 1):
        while _read(readers, told, who, Seen(upcoming, frozenset(running)), committed, 3):
            pass
        assert sorted(told[who]) == sorted(committed)


def _read(readers: list[Position], told: list[list[int]], who: int, now: Seen, committed: set[int], most: int) -> bool:
    before = readers[who]
    found = sorted(number for number in committed if not before.has(number))[:most]
    has_more = len(found) >= most
    after = before.moved(now, last=found[-1] if has_more else None)
    assert all(before.number <= number for number in found), "a number that was passed never comes again"
    assert after.number >= before.number
    assert all(after.has(number) for number in found)
    assert Position.parse(str(after)) == after
    readers[who] = after
    told[who] += found
    return has_more
