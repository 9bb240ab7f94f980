"""The changes of a step have the fields of a call's row, type for type."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import get_type_hints
from uuid import uuid4

import pytest

from ari_app.core.call import Call, Stage
from ari_app.core.call_changes import CallChanges, at_seq, changed
from ari_app.core.ids import AsteriskId, CallId, ChannelId

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


def test_the_row_after_changes_is_that_of_dataclasses_replace() -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    call = Call(CallId(uuid4()), AsteriskId("node1"), ChannelId("citizen"), "140119", Stage.ARRIVED, now, now)
    assert changed(call) is call
    assert changed(call, stage=Stage.WAITING, queued_at=now, refused_by=()) == replace(
        call, stage=Stage.WAITING, queued_at=now
    )
    assert at_seq(call, 3) == replace(call, last_seq=3)
    assert at_seq(call, call.last_seq) is call
    with pytest.raises(KeyError):
        changed(call, no_such_field=1)  # type: ignore[call-arg]
