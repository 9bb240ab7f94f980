"""The changes of a step have the fields of a call's row, type for type."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from ari_app.core.call import Call
from ari_app.core.call_changes import CallChanges

pytestmark = pytest.mark.pure

#: what a call is from its arrival on, and the number of its newest fact, which the store gives
NEVER_CHANGED = {
    "id",
    "asterisk_id",
    "channel_id",
    "dialled",
    "arrived_at",
    "last_seq",
    "callback_request",
    "pii_caller_number",
}


def test_a_change_is_a_field_of_the_row_with_the_type_that_it_has_there() -> None:
    row = get_type_hints(Call)
    assert get_type_hints(CallChanges) == {name: row[name] for name in row.keys() - NEVER_CHANGED}
    assert {field.name for field in fields(Call)} == CallChanges.__annotations__.keys() | NEVER_CHANGED
