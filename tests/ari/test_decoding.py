"""Events: JSON text becomes frozen values, whatever the text."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.ari import events
from ari_app.ari.decoding import DECODED, decode
from ari_app.ari.events import Event, Unknown
from tests.fakes.ari_samples import Json, bridge, channel, event, playback, recording

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 23, 15, 40, 0, 123000, UTC)
ENDPOINT: Json = {"technology": "PJSIP", "resource": "phone01", "channel_ids": []}
REFER: Json = {
    "refer_to": {"requested_destination": {"destination": "14030"}},
    "referred_by": {"source_channel": channel("phone")},
}

#: one of each type that is decoded, as Asterisk 22 writes it
SAMPLES: dict[str, Json] = {
    "StasisStart": {"channel": channel(), "args": ["citizen", "c-1", "140119"]},
    "StasisEnd": {"channel": channel()},
    "ChannelCreated": {"channel": channel()},
    "ChannelDestroyed": {"channel": channel(), "cause": 17, "cause_txt": "User busy", "tech_cause": 486},
    "ChannelHangupRequest": {"channel": channel(), "cause": 32, "soft": True},
    "ChannelStateChange": {"channel": channel(state="Up")},
    "ChannelDtmfReceived": {"channel": channel(), "digit": "7", "duration_ms": 160},
    "ChannelHold": {"channel": channel(), "musicclass": "default"},
    "ChannelUnhold": {"channel": channel()},
    "ChannelEnteredBridge": {"channel": channel(), "bridge": bridge("talk-1", "chan-1")},
    "ChannelLeftBridge": {"channel": channel(), "bridge": bridge("talk-1")},
    "ChannelUserevent": {"channel": channel(), "eventname": "ready", "userevent": {"a": "b", "eventname": "ready"}},
    "ChannelTransfer": REFER,
    "Dial": {"peer": channel("peer"), "dialstatus": "RINGING", "forward": "", "dialstring": ""},
    "BridgeCreated": {"bridge": bridge()},
    "BridgeDestroyed": {"bridge": bridge()},
    "PlaybackStarted": {"playback": playback(state="playing")},
    "PlaybackContinuing": {"playback": playback(state="continuing")},
    "PlaybackFinished": {"playback": playback(state="done")},
    "RecordingStarted": {"recording": recording()},
    "RecordingFinished": {"recording": recording(state="done")},
    "RecordingFailed": {"recording": recording(state="failed")},
    "ApplicationReplaced": {},
    "ApplicationMoveFailed": {"channel": channel(), "destination": "other", "args": ["x"]},
    "EndpointStateChange": {"endpoint": {**ENDPOINT, "state": "online"}},
    "PeerStatusChange": {"endpoint": ENDPOINT, "peer": {"peer_status": "Reachable"}},
    "ContactStatusChange": {
        "endpoint": ENDPOINT,
        "contact_info": {"uri": "sip:x", "aor": "phone01", "contact_status": "Removed"},
    },
    "DeviceStateChanged": {"device_state": {"name": "PJSIP/phone01", "state": "INUSE"}},
}


def read(kind: str, **changed: object) -> Event:
    return decode(json.dumps(event("ari_app", kind, **{**SAMPLES[kind], **changed})))


def test_there_is_a_sample_of_each_type() -> None:
    assert set(SAMPLES) == DECODED


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_each_type_becomes_the_value_of_its_name(kind: str) -> None:
    value = read(kind)
    assert type(value).__name__ == kind
    assert value.at == AT
    assert value.at.tzinfo is UTC


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_values_are_frozen_and_slotted(kind: str) -> None:
    value = read(kind)
    assert not hasattr(value, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.at = AT  # type: ignore[misc]


def test_the_start_of_a_call_tells_who_where_and_which_call() -> None:
    start = read("StasisStart", replace_channel=channel("older"))
    assert isinstance(start, events.StasisStart)
    assert start.args == ("citizen", "c-1", "140119")
    assert start.channel.id == "chan-1"
    assert start.channel.pii_caller_number == "0201234567"
    assert (start.channel.context, start.channel.exten, start.channel.app_name) == ("citizen", "140119", "Stasis")
    assert start.channel.is_up and start.channel.is_in_stasis
    assert start.channel.variables == {"CALL_ID": "c-1"}
    assert start.channel.created_at == AT
    assert start.replace_channel is not None and start.replace_channel.id == "older"


def test_a_destroyed_channel_tells_its_cause() -> None:
    destroyed = read("ChannelDestroyed")
    assert isinstance(destroyed, events.ChannelDestroyed)
    assert (destroyed.cause, destroyed.cause_txt, destroyed.tech_cause) == (17, "User busy", 486)


def test_the_cause_of_a_hangup_request_may_be_absent() -> None:
    request = decode(json.dumps(event("ari_app", "ChannelHangupRequest", channel=channel())))
    assert isinstance(request, events.ChannelHangupRequest)
    assert (request.cause, request.tech_cause, request.soft) == (None, None, False)


def test_a_dial_may_have_no_caller() -> None:
    dial = read("Dial")
    assert isinstance(dial, events.Dial)
    assert (dial.dialstatus, dial.peer.id, dial.caller) == ("RINGING", "peer", None)


def test_a_transfer_request_names_its_destination() -> None:
    transfer = read("ChannelTransfer", state="channel_declined")
    assert isinstance(transfer, events.ChannelTransfer)
    assert (transfer.pii_destination, transfer.channel.id) == ("14030", "phone")
    assert (transfer.state, transfer.destination_channel) == ("channel_declined", None)


def test_numbers_and_digits_are_not_in_the_repr() -> None:
    assert "0201234567" not in repr(read("StasisStart"))
    assert "'7'" not in repr(read("ChannelDtmfReceived"))
    assert "14030" not in repr(read("ChannelTransfer"))


def test_a_moment_in_another_zone_becomes_utc() -> None:
    value = decode(json.dumps({**event("ari_app", "ApplicationReplaced"), "timestamp": "2026-11-23T16:40:00.123+0100"}))
    assert value.at == AT
    assert value.at.utcoffset() == AT.utcoffset()


def test_an_unknown_type_keeps_its_moment() -> None:
    assert decode(json.dumps(event("ari_app", "ChannelTeleported", where="Mars"))) == Unknown(AT, "ChannelTeleported")


def test_unknown_fields_are_ignored() -> None:
    assert read("StasisEnd", shade="mauve", channel=channel(colour="red")) == read("StasisEnd")


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("", "", "not JSON"),
        ('{"type": "StasisStart"', "", "not JSON"),
        ("[" * 100_000, "", "not JSON"),
        ("[]", "", "not an object"),
        ("7", "", "not an object"),
        ("{}", "", "no type"),
        ('{"type": 7}', "", "no type"),
        ('{"type": "StasisEnd"}', "StasisEnd", "timestamp"),
        ('{"type": "StasisEnd", "timestamp": "yesterday"}', "StasisEnd", "timestamp"),
        ('{"type": "StasisEnd", "timestamp": "2026-11-23T15:40:00"}', "StasisEnd", "timestamp"),
    ],
)
def test_text_that_is_no_event_is_a_problem_not_an_exception(text: str, kind: str, problem: str) -> None:
    value = decode(text)
    assert isinstance(value, Unknown)
    assert (value.type, value.problem) == (kind, problem)


@pytest.mark.parametrize(
    ("kind", "changed", "problem"),
    [
        ("StasisStart", {"args": "citizen"}, "args"),
        ("StasisStart", {"args": [1]}, "args"),
        ("StasisStart", {"channel": None}, "channel"),
        ("StasisStart", {"channel": {**channel(), "id": 5}}, "id"),
        ("StasisStart", {"channel": {**channel(), "creationtime": "soon"}}, "instant"),
        ("ChannelDestroyed", {"cause": "busy"}, "cause"),
        ("ChannelDestroyed", {"cause": True}, "cause"),
        ("ChannelHangupRequest", {"soft": 1}, "soft"),
        ("ChannelEnteredBridge", {"bridge": {**bridge(), "channels": [None]}}, "channels"),
    ],
)
def test_a_field_of_another_type_is_a_problem_that_names_it(kind: str, changed: Json, problem: str) -> None:
    value = read(kind, **changed)
    assert isinstance(value, Unknown)
    assert (value.type, value.problem, value.at) == (kind, problem, AT)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_any_part_of_an_event_may_be_anything(kind: str, data: st.DataObject) -> None:
    tree = event("ari_app", kind, **SAMPLES[kind])
    node: Json = tree
    key = data.draw(st.sampled_from(sorted(node)))
    while isinstance(inner := node[key], dict) and inner and data.draw(st.booleans()):
        node = node[key] = dict(inner)  # the samples are shared
        key = data.draw(st.sampled_from(sorted(node)))
    node[key] = data.draw(_json)
    assert isinstance(decode(json.dumps(tree)), Event)


@given(st.text())
def test_any_text_is_read_without_an_exception(text: str) -> None:
    assert isinstance(decode(text), Event)
