"""Keys that were pressed, and keys that Asterisk only reported once more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.ari.decoding import decode
from ari_app.ari.events import ChannelDtmfReceived
from ari_app.calls.switch.keys import Keys

pytestmark = pytest.mark.pure

START = datetime(2026, 11, 23, 17, 40, 35, tzinfo=UTC)


def reported(ms: int, digit: str, duration_ms: int = 100, channel: str = "node1-1.0") -> ChannelDtmfReceived:
    event = decode(
        json.dumps(
            {
                "type": "ChannelDtmfReceived",
                "timestamp": (START + timedelta(milliseconds=ms)).isoformat(),
                "digit": digit,
                "duration_ms": duration_ms,
                "channel": {
                    "id": channel,
                    "name": "PJSIP/phone01-00000000",
                    "state": "Up",
                    "creationtime": START.isoformat(),
                    "caller": {"name": "", "number": ""},
                    "connected": {"name": "", "number": ""},
                    "dialplan": {"context": "operator", "exten": "s", "priority": 4},
                },
            }
        )
    )
    assert isinstance(event, ChannelDtmfReceived)
    return event


def pressed(*events: ChannelDtmfReceived) -> str:
    keys = Keys()
    return "".join(event.pii_digit for event in events if keys.is_pressed(event))


def test_given_keys_that_asterisk_reported_twice_when_they_are_counted_then_each_counts_once() -> None:
    """As observed: 1, 0, 3 and # were sent, once each."""
    events = [(555, "1", 140), (715, "0", 100), (743, "0", 100), (876, "3", 100), (888, "3", 100), (1039, "#", 100)]
    assert pressed(*(reported(*event) for event in events)) == "103#"


def test_given_one_key_pressed_again_and_again_when_it_is_reported_then_every_press_counts() -> None:
    assert pressed(reported(100, "7"), reported(260, "7"), reported(360, "7", 80), reported(480, "7", 119)) == "7777"


def test_given_a_key_whose_duration_is_a_millisecond_too_long_when_it_is_counted_then_it_was_pressed() -> None:
    """As observed: * 3 3 were sent; a prompt began between the two 3."""
    assert pressed(reported(603, "*"), reported(765, "3"), reported(924, "3", 160)) == "*33"


def test_given_a_busy_machine_that_reports_a_key_late_when_it_is_pressed_again_then_both_count() -> None:
    """Pressed at 603 and 763, for 100 ms each; the first was reported 80 ms late."""
    assert pressed(reported(783, "3", 100), reported(863, "3", 100)) == "33"


def test_given_two_phones_when_they_press_the_same_key_together_then_both_count() -> None:
    assert pressed(reported(100, "5"), reported(105, "5", channel="node1-2.0")) == "55"


def test_given_a_channel_that_is_gone_when_its_keys_are_forgotten_then_nothing_is_kept() -> None:
    keys = Keys()
    assert keys.is_pressed(reported(100, "5"))
    keys.forget("node1-1.0")
    assert keys.is_pressed(reported(101, "5"))
