"""From the text of an event to its value, one decoder for each type."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from ari_app.ari import events, fields
from ari_app.ari.fields import Object, WrongShape
from ari_app.ari.models import DeviceState, Endpoint
from ari_app.ari.snapshots import BridgeSnapshot, ChannelSnapshot, LiveRecording, Playback

Decoder = Callable[[datetime, Object], events.Event]


def decode(text: str) -> events.Event:
    """The event; `Unknown` when its type is unknown or it cannot be read. Never raises for bad text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return events.unreadable("not JSON")
    if type(data) is not dict:
        return events.unreadable("not an object")
    kind = data.get("type")
    if type(kind) is not str:
        return events.unreadable("no type")
    try:
        at = fields.instant(data, "timestamp")
    except WrongShape:
        return events.Unknown(datetime.now(UTC), kind, "timestamp")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return events.Unknown(at, kind)
    try:
        return decoder(at, data)
    except WrongShape as error:
        return events.Unknown(at, kind, str(error))


def _channel(data: Object, key: str = "channel") -> ChannelSnapshot:
    return ChannelSnapshot.from_json(fields.sub(data, key))


def _channel_or_none(data: Object, key: str) -> ChannelSnapshot | None:
    return None if data.get(key) is None else _channel(data, key)


def _bridge(data: Object) -> BridgeSnapshot:
    return BridgeSnapshot.from_json(fields.sub(data, "bridge"))


def _endpoint(data: Object) -> Endpoint:
    return Endpoint.from_json(fields.sub(data, "endpoint"))


def _of_channel(kind: type[events.ChannelEvent]) -> Decoder:
    return lambda at, data: kind(at, _channel(data))


def _of_bridge(kind: type[events.BridgeEvent]) -> Decoder:
    return lambda at, data: kind(at, _bridge(data))


def _of_playback(kind: type[events.PlaybackEvent]) -> Decoder:
    return lambda at, data: kind(at, Playback.from_json(fields.sub(data, "playback")))


def _of_recording(kind: type[events.RecordingEvent]) -> Decoder:
    return lambda at, data: kind(at, LiveRecording.from_json(fields.sub(data, "recording")))


def _stasis_start(at: datetime, data: Object) -> events.Event:
    return events.StasisStart(at, _channel(data), fields.texts(data, "args"), _channel_or_none(data, "replace_channel"))


def _destroyed(at: datetime, data: Object) -> events.Event:
    return events.ChannelDestroyed(
        at,
        _channel(data),
        cause=fields.number(data, "cause"),
        cause_txt=fields.text_or(data, "cause_txt"),
        tech_cause=fields.number_or_none(data, "tech_cause"),
    )


def _hangup_request(at: datetime, data: Object) -> events.Event:
    return events.ChannelHangupRequest(
        at,
        _channel(data),
        cause=fields.number_or_none(data, "cause"),
        tech_cause=fields.number_or_none(data, "tech_cause"),
        soft=fields.flag(data, "soft"),
    )


def _digit(at: datetime, data: Object) -> events.Event:
    return events.ChannelDtmfReceived(
        at, _channel(data), fields.text(data, "digit"), fields.number(data, "duration_ms")
    )


def _hold(at: datetime, data: Object) -> events.Event:
    return events.ChannelHold(at, _channel(data), fields.text_or(data, "musicclass"))


def _entered(at: datetime, data: Object) -> events.Event:
    return events.ChannelEnteredBridge(at, _channel(data), _bridge(data))


def _left(at: datetime, data: Object) -> events.Event:
    return events.ChannelLeftBridge(at, _channel(data), _bridge(data))


def _userevent(at: datetime, data: Object) -> events.Event:
    return events.ChannelUserevent(
        at,
        name=fields.text(data, "eventname"),
        channel=_channel_or_none(data, "channel"),
        bridge=None if data.get("bridge") is None else _bridge(data),
        variables=fields.variables(data, "userevent"),
    )


def _dial(at: datetime, data: Object) -> events.Event:
    return events.Dial(at, fields.text(data, "dialstatus"), _channel(data, "peer"), _channel_or_none(data, "caller"))


def _transfer(at: datetime, data: Object) -> events.Event:
    refer_to = fields.sub(data, "refer_to")
    return events.ChannelTransfer(
        at,
        channel=_channel(fields.sub(data, "referred_by"), "source_channel"),
        pii_destination=fields.text_or(fields.sub(refer_to, "requested_destination"), "destination"),
        destination_channel=_channel_or_none(refer_to, "destination_channel"),
        state=fields.text_or(data, "state"),
    )


def _replaced(at: datetime, data: Object) -> events.Event:
    return events.ApplicationReplaced(at, fields.text(data, "application"))


def _move_failed(at: datetime, data: Object) -> events.Event:
    return events.ApplicationMoveFailed(
        at, _channel(data), fields.text(data, "destination"), fields.texts(data, "args")
    )


def _endpoint_state(at: datetime, data: Object) -> events.Event:
    return events.EndpointStateChange(at, _endpoint(data))


def _peer_status(at: datetime, data: Object) -> events.Event:
    return events.PeerStatusChange(at, _endpoint(data), fields.text(fields.sub(data, "peer"), "peer_status"))


def _contact_status(at: datetime, data: Object) -> events.Event:
    contact = fields.sub(data, "contact_info")
    return events.ContactStatusChange(
        at, _endpoint(data), fields.text(contact, "aor"), fields.text(contact, "contact_status")
    )


def _device_state(at: datetime, data: Object) -> events.Event:
    return events.DeviceStateChanged(at, DeviceState.from_json(fields.sub(data, "device_state")))


_DECODERS: dict[str, Decoder] = {
    "StasisStart": _stasis_start,
    "StasisEnd": _of_channel(events.StasisEnd),
    "ChannelCreated": _of_channel(events.ChannelCreated),
    "ChannelDestroyed": _destroyed,
    "ChannelHangupRequest": _hangup_request,
    "ChannelStateChange": _of_channel(events.ChannelStateChange),
    "ChannelDtmfReceived": _digit,
    "ChannelHold": _hold,
    "ChannelUnhold": _of_channel(events.ChannelUnhold),
    "ChannelEnteredBridge": _entered,
    "ChannelLeftBridge": _left,
    "ChannelUserevent": _userevent,
    "ChannelTransfer": _transfer,
    "Dial": _dial,
    "BridgeCreated": _of_bridge(events.BridgeCreated),
    "BridgeDestroyed": _of_bridge(events.BridgeDestroyed),
    "PlaybackStarted": _of_playback(events.PlaybackStarted),
    "PlaybackContinuing": _of_playback(events.PlaybackContinuing),
    "PlaybackFinished": _of_playback(events.PlaybackFinished),
    "RecordingStarted": _of_recording(events.RecordingStarted),
    "RecordingFinished": _of_recording(events.RecordingFinished),
    "RecordingFailed": _of_recording(events.RecordingFailed),
    "ApplicationReplaced": _replaced,
    "ApplicationMoveFailed": _move_failed,
    "EndpointStateChange": _endpoint_state,
    "PeerStatusChange": _peer_status,
    "ContactStatusChange": _contact_status,
    "DeviceStateChanged": _device_state,
}

#: the types of events that have a value of their own
DECODED = frozenset(_DECODERS)
