"""How many callbacks callers may ask for by themselves within an hour."""

from __future__ import annotations

import pytest

from ari_app.core.area import CallbackRules
from ari_app.core.callback_limits import BY_CALLERS, AskedFor, limit_reached
from ari_app.core.callbacks import RequestReason
from ari_app.core.limits import Limit

pytestmark = pytest.mark.pure

RULES = CallbackRules(most_per_caller=2, most_per_number=3, most_per_hour=10)


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        (AskedFor(), None),
        (AskedFor(1, 2, 9), None),
        (AskedFor(by_caller=2), Limit.CALLER),
        (AskedFor(to_number=3), Limit.NUMBER),
        (AskedFor(in_municipality=10), Limit.HOUR),
        (AskedFor(5, 5, 50), Limit.CALLER),
    ],
)
def test_one_more_is_allowed_until_a_limit_is_reached(asked: AskedFor, limit: Limit | None) -> None:
    assert limit_reached(RULES, asked) is limit


def test_a_request_that_a_person_makes_is_never_limited() -> None:
    by_people = {
        RequestReason.OPERATOR,
        RequestReason.REFUSED_TRANSFER,
        RequestReason.TRANSFER_NOT_ANSWERED,
        RequestReason.DESK,
    }
    assert set(RequestReason) - BY_CALLERS == by_people
