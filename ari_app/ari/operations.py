"""Every REST operation of ARI: its verb, path, and the names of its parameters, as in Asterisk's own rest-api JSON.

A test holds this table against the JSON files of the Asterisk in use.
Names are `resource.nickname`, both in snake_case; so are the arguments of the methods: `otherChannelId` is
`other_channel_id`. One argument gets an underscore because Python keeps the word: `from_`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from keyword import iskeyword

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """ARI's name in Python's spelling: addChannel -> add_channel, absorbDTMF -> absorb_dtmf."""
    snaked = _HUMP.sub("_", name).lower()
    return f"{snaked}_" if iskeyword(snaked) else snaked


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table; `query` and `body` list ARI's parameter names."""

    name: str
    verb: str
    path: str
    query: str = ""
    body: str = ""
    #: the path in pieces: literal text, or the name of the argument that stands there
    pieces: tuple[tuple[str, bool], ...] = field(init=False)
    #: (Python's name, ARI's name)
    query_names: tuple[tuple[str, str], ...] = field(init=False)
    body_names: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        split = re.split(r"\{(\w+)\}", self.path)
        pieces = tuple((snake(piece), True) if i % 2 else (piece, False) for i, piece in enumerate(split) if piece)
        object.__setattr__(self, "pieces", pieces)
        object.__setattr__(self, "query_names", tuple((snake(name), name) for name in self.query.split()))
        object.__setattr__(self, "body_names", tuple((snake(name), name) for name in self.body.split()))

    @property
    def path_names(self) -> tuple[str, ...]:
        return tuple(piece for piece, is_argument in self.pieces if is_argument)


_ORIGINATE = "endpoint extension context priority label app appArgs callerId timeout"
_ORIGINATE_MORE = "otherChannelId originator formats"
_PLAY = "media lang offsetms skipms"
_BRIDGE_PLAY = "media announcer_format lang offsetms skipms"
_RECORD = "maxDurationSeconds maxSilenceSeconds ifExists beep terminateOn"
_CHANNEL = "/channels/{channelId}"
_BRIDGE = "/bridges/{bridgeId}"
_CONFIG = "/asterisk/config/dynamic/{configClass}/{objectType}/{id}"
_LIVE = "/recordings/live/{recordingName}"
_STORED = "/recordings/stored/{recordingName}"
_ENDPOINT = "/endpoints/{tech}/{resource}"

_TABLE = (
    Operation("applications.list", "GET", "/applications"),
    Operation("applications.get", "GET", "/applications/{applicationName}"),
    Operation("applications.subscribe", "POST", "/applications/{applicationName}/subscription", "eventSource"),
    Operation("applications.unsubscribe", "DELETE", "/applications/{applicationName}/subscription", "eventSource"),
    Operation("applications.filter", "PUT", "/applications/{applicationName}/eventFilter", body="filter"),
    Operation("asterisk.get_object", "GET", _CONFIG),
    Operation("asterisk.update_object", "PUT", _CONFIG, body="fields"),
    Operation("asterisk.delete_object", "DELETE", _CONFIG),
    Operation("asterisk.get_info", "GET", "/asterisk/info", "only"),
    Operation("asterisk.ping", "GET", "/asterisk/ping"),
    Operation("asterisk.list_modules", "GET", "/asterisk/modules"),
    Operation("asterisk.get_module", "GET", "/asterisk/modules/{moduleName}"),
    Operation("asterisk.load_module", "POST", "/asterisk/modules/{moduleName}"),
    Operation("asterisk.unload_module", "DELETE", "/asterisk/modules/{moduleName}"),
    Operation("asterisk.reload_module", "PUT", "/asterisk/modules/{moduleName}"),
    Operation("asterisk.list_log_channels", "GET", "/asterisk/logging"),
    Operation("asterisk.add_log", "POST", "/asterisk/logging/{logChannelName}", "configuration"),
    Operation("asterisk.delete_log", "DELETE", "/asterisk/logging/{logChannelName}"),
    Operation("asterisk.rotate_log", "PUT", "/asterisk/logging/{logChannelName}/rotate"),
    Operation("asterisk.get_global_var", "GET", "/asterisk/variable", "variable"),
    Operation("asterisk.set_global_var", "POST", "/asterisk/variable", "variable value"),
    Operation("bridges.list", "GET", "/bridges"),
    Operation("bridges.create", "POST", "/bridges", "type bridgeId name", "variables"),
    Operation("bridges.create_with_id", "POST", _BRIDGE, "type name", "variables"),
    Operation("bridges.get", "GET", _BRIDGE),
    Operation("bridges.destroy", "DELETE", _BRIDGE),
    Operation("bridges.get_bridge_var", "GET", f"{_BRIDGE}/variable", "variable"),
    Operation("bridges.set_bridge_var", "POST", f"{_BRIDGE}/variable", "variable value report_events"),
    Operation("bridges.get_bridge_vars", "GET", f"{_BRIDGE}/variables", "variables"),
    Operation("bridges.set_bridge_vars", "POST", f"{_BRIDGE}/variables", body="variables"),
    Operation(
        "bridges.add_channel",
        "POST",
        f"{_BRIDGE}/addChannel",
        "channel role absorbDTMF mute inhibitConnectedLineUpdates",
    ),
    Operation("bridges.remove_channel", "POST", f"{_BRIDGE}/removeChannel", "channel"),
    Operation("bridges.set_video_source", "POST", f"{_BRIDGE}/videoSource/{{channelId}}"),
    Operation("bridges.clear_video_source", "DELETE", f"{_BRIDGE}/videoSource"),
    Operation("bridges.start_moh", "POST", f"{_BRIDGE}/moh", "mohClass"),
    Operation("bridges.stop_moh", "DELETE", f"{_BRIDGE}/moh"),
    Operation("bridges.play", "POST", f"{_BRIDGE}/play", f"{_BRIDGE_PLAY} playbackId"),
    Operation("bridges.play_with_id", "POST", f"{_BRIDGE}/play/{{playbackId}}", _BRIDGE_PLAY),
    Operation("bridges.record", "POST", f"{_BRIDGE}/record", f"name format recorder_format {_RECORD}"),
    Operation("channels.list", "GET", "/channels"),
    Operation("channels.originate", "POST", "/channels", f"{_ORIGINATE} channelId {_ORIGINATE_MORE}", "variables"),
    Operation(
        "channels.create",
        "POST",
        "/channels/create",
        f"endpoint app appArgs channelId {_ORIGINATE_MORE}",
        "variables",
    ),
    Operation("channels.get", "GET", _CHANNEL),
    Operation("channels.originate_with_id", "POST", _CHANNEL, f"{_ORIGINATE} {_ORIGINATE_MORE}", "variables"),
    Operation("channels.hangup", "DELETE", _CHANNEL, "reason_code reason"),
    Operation("channels.continue_in_dialplan", "POST", f"{_CHANNEL}/continue", "context extension priority label"),
    Operation("channels.move", "POST", f"{_CHANNEL}/move", "app appArgs"),
    Operation("channels.redirect", "POST", f"{_CHANNEL}/redirect", "endpoint"),
    Operation("channels.answer", "POST", f"{_CHANNEL}/answer"),
    Operation("channels.ring", "POST", f"{_CHANNEL}/ring"),
    Operation("channels.ring_stop", "DELETE", f"{_CHANNEL}/ring"),
    Operation("channels.progress", "POST", f"{_CHANNEL}/progress"),
    Operation("channels.send_dtmf", "POST", f"{_CHANNEL}/dtmf", "dtmf before between duration after"),
    Operation("channels.mute", "POST", f"{_CHANNEL}/mute", "direction"),
    Operation("channels.unmute", "DELETE", f"{_CHANNEL}/mute", "direction"),
    Operation("channels.hold", "POST", f"{_CHANNEL}/hold"),
    Operation("channels.unhold", "DELETE", f"{_CHANNEL}/hold"),
    Operation("channels.start_moh", "POST", f"{_CHANNEL}/moh", "mohClass"),
    Operation("channels.stop_moh", "DELETE", f"{_CHANNEL}/moh"),
    Operation("channels.start_silence", "POST", f"{_CHANNEL}/silence"),
    Operation("channels.stop_silence", "DELETE", f"{_CHANNEL}/silence"),
    Operation("channels.play", "POST", f"{_CHANNEL}/play", f"{_PLAY} playbackId"),
    Operation("channels.play_with_id", "POST", f"{_CHANNEL}/play/{{playbackId}}", _PLAY),
    Operation("channels.record", "POST", f"{_CHANNEL}/record", f"name format {_RECORD}"),
    Operation("channels.get_channel_var", "GET", f"{_CHANNEL}/variable", "variable"),
    Operation("channels.set_channel_var", "POST", f"{_CHANNEL}/variable", "variable value report_events"),
    Operation("channels.get_channel_vars", "GET", f"{_CHANNEL}/variables", "variables"),
    Operation("channels.set_channel_vars", "POST", f"{_CHANNEL}/variables", body="variables"),
    Operation("channels.snoop_channel", "POST", f"{_CHANNEL}/snoop", "spy whisper app appArgs snoopId"),
    Operation("channels.snoop_channel_with_id", "POST", f"{_CHANNEL}/snoop/{{snoopId}}", "spy whisper app appArgs"),
    Operation("channels.dial", "POST", f"{_CHANNEL}/dial", "caller timeout"),
    Operation("channels.rtpstatistics", "GET", f"{_CHANNEL}/rtp_statistics"),
    Operation(
        "channels.external_media",
        "POST",
        "/channels/externalMedia",
        "channelId app external_host encapsulation transport connection_type format direction data transport_data",
        "variables",
    ),
    Operation("channels.transfer_progress", "POST", f"{_CHANNEL}/transfer_progress", "states"),
    Operation("device_states.list", "GET", "/deviceStates"),
    Operation("device_states.get", "GET", "/deviceStates/{deviceName}"),
    Operation("device_states.update", "PUT", "/deviceStates/{deviceName}", "deviceState"),
    Operation("device_states.delete", "DELETE", "/deviceStates/{deviceName}"),
    Operation("endpoints.list", "GET", "/endpoints"),
    Operation("endpoints.send_message", "PUT", "/endpoints/sendMessage", "to from body", "variables"),
    Operation("endpoints.refer", "POST", "/endpoints/refer", "to from refer_to to_self", "variables"),
    Operation("endpoints.list_by_tech", "GET", "/endpoints/{tech}"),
    Operation("endpoints.get", "GET", _ENDPOINT),
    Operation("endpoints.send_message_to_endpoint", "PUT", f"{_ENDPOINT}/sendMessage", "from body", "variables"),
    Operation("endpoints.refer_to_endpoint", "POST", f"{_ENDPOINT}/refer", "from refer_to to_self", "variables"),
    Operation("events.event_websocket", "GET", "/events", "app subscribeAll"),
    Operation("events.user_event", "POST", "/events/user/{eventName}", "application source", "variables"),
    Operation("events.claim_channel", "POST", "/events/claim", "channelId application"),
    Operation("mailboxes.list", "GET", "/mailboxes"),
    Operation("mailboxes.get", "GET", "/mailboxes/{mailboxName}"),
    Operation("mailboxes.update", "PUT", "/mailboxes/{mailboxName}", "oldMessages newMessages"),
    Operation("mailboxes.delete", "DELETE", "/mailboxes/{mailboxName}"),
    Operation("playbacks.get", "GET", "/playbacks/{playbackId}"),
    Operation("playbacks.stop", "DELETE", "/playbacks/{playbackId}"),
    Operation("playbacks.control", "POST", "/playbacks/{playbackId}/control", "operation"),
    Operation("recordings.list_stored", "GET", "/recordings/stored"),
    Operation("recordings.get_stored", "GET", _STORED),
    Operation("recordings.delete_stored", "DELETE", _STORED),
    Operation("recordings.get_stored_file", "GET", f"{_STORED}/file"),
    Operation("recordings.copy_stored", "POST", f"{_STORED}/copy", "destinationRecordingName"),
    Operation("recordings.get_live", "GET", _LIVE),
    Operation("recordings.cancel", "DELETE", _LIVE),
    Operation("recordings.stop", "POST", f"{_LIVE}/stop"),
    Operation("recordings.pause", "POST", f"{_LIVE}/pause"),
    Operation("recordings.unpause", "DELETE", f"{_LIVE}/pause"),
    Operation("recordings.mute", "POST", f"{_LIVE}/mute"),
    Operation("recordings.unmute", "DELETE", f"{_LIVE}/mute"),
    Operation("sounds.list", "GET", "/sounds", "lang format"),
    Operation("sounds.get", "GET", "/sounds/{soundId}"),
)

OPERATIONS = {operation.name: operation for operation in _TABLE}
