"""Which calls an address of the calls page asks for, and what it says of one that is wrong."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from ari_app.core.call import EndReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber, new_call_id
from ari_app.web.api.cursors import write_cursor
from ari_app.web.call_filters import ENDS, FIELDS, CallFilter, Choices, read_filter

pytestmark = pytest.mark.pure

WIERDAM = MunicipalityCode("GM9901")
#: half past midnight in the Netherlands
NOW = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
CHOICES = Choices({WIERDAM: "Wierdam"}, {"wierdam": "KCC"}, {OperatorNumber("101"): "Anna"}, {"paspoort": "Paspoort"})


def read(**sent: str) -> CallFilter:
    return read_filter(sent, frozenset(), CHOICES, NOW)


def test_each_end_is_in_one_kind() -> None:
    counted = Counter(reason for _, reasons in ENDS.values() for reason in reasons)
    assert counted == Counter(EndReason)


def test_without_a_period_it_is_today_in_the_netherlands() -> None:
    found = read()
    assert found.faults == {} and found.values["vanaf"] == found.values["tot"] == "2026-11-29"
    assert found.selection.since == datetime(2026, 11, 28, 23, tzinfo=UTC)
    assert found.selection.until == datetime(2026, 11, 29, 23, tzinfo=UTC)
    one_day = read(tot="2026-03-29")  # the clock goes forward: the day has 23 hours
    assert one_day.selection.since == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert one_day.selection.until == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert read(vanaf="2026-11-01").values["tot"] == "2026-11-29"


def test_everything_is_asked_for_and_kept_in_the_address() -> None:
    at, last = datetime(2026, 11, 29, 8, tzinfo=UTC), new_call_id()
    sent = {
        "vanaf": "2026-11-01",
        "tot": "2026-11-29",
        "gemeente": "GM9901",
        "team": "wierdam",
        "medewerker": "101",
        "einde": "opgehangen",
        "wacht": "60",
        "doorverbonden": "nee",
        "onderwerp": "paspoort",
        "cursor": write_cursor(at.isoformat(), str(last)),
    }
    found = read(**sent)
    assert found.faults == {} and set(sent) == set(FIELDS)
    wanted = found.selection
    assert (wanted.operator, wanted.team, wanted.waited_seconds) == ("101", "wierdam", 60)
    assert (wanted.is_transferred, wanted.subject, wanted.before) == (False, "paspoort", (at, last))
    assert set(wanted.ends) == {reason for reason in EndReason if reason.is_abandoned}
    assert found.narrowed(None) == found.narrowed(frozenset({WIERDAM})) == frozenset({WIERDAM})
    address = dict(parse_qsl(urlsplit(found.address("/gesprekken")).query))
    assert address == {name: text for name, text in sent.items() if name != "cursor"}
    assert read(einde="bezig").selection.is_open is True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vanaf", "gisteren"),
        ("vanaf", "2026-02-30"),
        ("tot", "0001-01-01"),
        ("tot", "2026-11-2٩"),
        ("gemeente", "GM9902"),
        ("team", "elderlo"),
        ("medewerker", "102"),
        ("einde", "caller_hung_up"),
        ("wacht", "-1"),
        ("wacht", "0"),
        ("wacht", "1e3"),
        ("wacht", "٣"),
        ("wacht", "9" * 4000),
        ("doorverbonden", "misschien"),
        ("onderwerp", "rijbewijs"),
        ("cursor", "%%%"),
        ("cursor", "x" * 300),
        ("cursor", write_cursor("2026-11-29", str(UUID(int=7)))),
    ],
)
def test_what_is_wrong_names_its_field(name: str, text: str) -> None:
    assert set(read(**{name: text}).faults) == {name}


def test_what_is_not_in_a_list_is_not_said_back() -> None:
    found = read(gemeente="GM9902", team="elderlo", medewerker="102")
    assert set(found.faults) == {"gemeente", "team", "medewerker"}
    assert not {"GM9902", "elderlo", "102"} & set(found.values.values())


def test_a_last_day_before_the_first_and_a_field_that_is_there_twice_are_wrong() -> None:
    assert set(read(vanaf="2026-11-29", tot="2026-11-28").faults) == {"tot"}
    assert set(read_filter({"einde": "gesloten"}, frozenset({"einde"}), CHOICES, NOW).faults) == {"einde"}
