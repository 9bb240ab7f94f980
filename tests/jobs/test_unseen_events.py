"""Answers and ends of channels from the channel event log, as Asterisk wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ari_app.calls.messages import Logged
from ari_app.core.event_log.cel import CelEvent
from ari_app.core.ids import ChannelId
from ari_app.jobs import cel_file
from ari_app.jobs.unseen_events import UnseenEvents

pytestmark = pytest.mark.pure
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CITIZEN, OTHER, HERE = ChannelId("node1-1.1"), ChannelId("node1-1.2"), ChannelId("node1-1.3")


def _row(kind: str, seconds: float, channel_id: str, extra: str = "") -> str:
    at = (AT + timedelta(seconds=seconds)).timestamp()
    cells = (kind, f"{at:.6f}", channel_id, channel_id, "PJSIP/trunk-00000001", "", "from-trunk", "140119", "", extra)
    return ",".join(f'"{cell}"' for cell in (*cells, "", "")) + "\n"


def _hang_up(seconds: float, channel_id: str, cause: int) -> str:
    details = f'{{""hangupcause"":{cause},""hangupsource"":"""",""dialstatus"":""""}}'
    return _row("HANGUP", seconds, channel_id, details) + _row("CHAN_END", seconds, channel_id)


async def test_answer_end_and_cause_of_each_channel_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "cel.csv"
    path.write_text(
        _row("CHAN_START", 0, CITIZEN)
        + _row("CHAN_START", 1, OTHER)
        + _row("CHAN_START", 2, HERE)
        + _row("ANSWER", 3, HERE)
        + _hang_up(7, CITIZEN, 16)
        + _hang_up(8, OTHER, 44)
    )
    logged = await UnseenEvents(path).read([CITIZEN, HERE], AT)
    found = logged.ends
    assert found.keys() == {CITIZEN}
    assert (found[CITIZEN].at, found[CITIZEN].cause) == (AT + timedelta(seconds=7), 16)
    assert not found[CITIZEN].estimated
    assert (await UnseenEvents(path).read([OTHER], AT)).ends[OTHER].cause == 44
    assert logged.answers == {HERE: AT + timedelta(seconds=3)}


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_log_that_cannot_be_read_tells_nothing(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "cel.csv"
    if is_there:
        path.mkdir()
    assert await UnseenEvents(path).read([CITIZEN], AT) == Logged()


async def test_a_log_that_is_rotated_away_while_it_is_read_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cel.csv"
    path.write_text(_row("CHAN_START", 0, CITIZEN) + _hang_up(7, CITIZEN, 16))
    events = cel_file._events

    def rotated_after_its_first_line(file: Path) -> Iterator[CelEvent]:
        for event in events(file):
            file.unlink()
            yield event

    monkeypatch.setattr(cel_file, "_events", rotated_after_its_first_line)
    assert await UnseenEvents(path).read([CITIZEN], AT) == Logged()
    assert not path.exists()
