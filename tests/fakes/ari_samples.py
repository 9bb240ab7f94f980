"""Things of Asterisk as it writes them in JSON (22.10.1), for the fake and for tests of decoding."""

from __future__ import annotations

from collections.abc import Mapping

AT = "2026-11-23T15:40:00.123+0000"

Json = dict[str, object]


def event(application: str, kind: str, **fields: object) -> Json:
    return {"type": kind, "timestamp": AT, "application": application, "asterisk_id": "02:fc", **fields}


def channel(channel_id: str = "chan-1", *, state: str = "Up", number: str = "0201234567", **more: object) -> Json:
    """A channel's snapshot as Asterisk 22 writes it."""
    return {
        "id": channel_id,
        "name": f"PJSIP/trunk-{channel_id}",
        "state": state,
        "protocol_id": "callid@example",
        "caller": {"name": "", "number": number},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {
            "context": "citizen",
            "exten": "140119",
            "priority": 3,
            "app_name": "Stasis",
            "app_data": "ari_app",
        },
        "creationtime": AT,
        "language": "nl",
        "channelvars": {"CALL_ID": "c-1"},
        **more,
    }


def bridge(bridge_id: str = "talk-1", *channel_ids: str, kind: str = "mixing") -> Json:
    return {
        "id": bridge_id,
        "technology": "simple_bridge",
        "bridge_type": kind,
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": "",
        "channels": list(channel_ids),
        "creationtime": AT,
        "video_mode": "none",
    }


def playback(playback_id: str = "play-1", state: str = "queued") -> Json:
    return {"id": playback_id, "media_uri": "sound:x", "target_uri": "channel:chan-1", "language": "nl", "state": state}


def recording(name: str = "rec-1", state: str = "recording") -> Json:
    return {"name": name, "format": "wav", "target_uri": "channel:chan-1", "state": state, "duration": 2}


_ENDPOINT = {"technology": "PJSIP", "resource": "phone01", "state": "online", "channel_ids": ["chan-1"]}
_MODULE = {"name": "a.so", "description": "", "use_count": 0, "status": "Running", "support_level": "core"}
_STATISTICS = {"txcount": 3, "rxcount": 4, "txploss": 0, "rxploss": 1, "rxjitter": 0.5}

#: what is answered when nothing else was ordered; an operation that is not here gets 204
ANSWERS: Mapping[str, object] = {
    "asterisk.ping": {"asterisk_id": "02:fc", "ping": "pong", "timestamp": AT},
    "asterisk.list_modules": [_MODULE],
    "asterisk.get_module": _MODULE,
    "asterisk.list_log_channels": [{"channel": "c", "type": "File", "status": "Enabled", "configuration": "ERROR"}],
    "asterisk.get_object": [{"attribute": "a", "value": "v"}],
    "asterisk.update_object": [{"attribute": "a", "value": "v"}],
    "asterisk.get_global_var": {"value": "v"},
    "bridges.list": [bridge()],
    "bridges.create": bridge(),
    "bridges.create_with_id": bridge(),
    "bridges.get": bridge(),
    "bridges.get_bridge_var": {"value": "v"},
    "bridges.get_bridge_vars": {"variables": {"A": "v"}},
    "bridges.play": playback(),
    "bridges.play_with_id": playback(),
    "bridges.record": recording(),
    "channels.list": [channel()],
    "channels.get": channel(),
    "channels.originate": channel(),
    "channels.originate_with_id": channel(),
    "channels.create": channel(state="Down"),
    "channels.play": playback(),
    "channels.play_with_id": playback(),
    "channels.record": recording(),
    "channels.get_channel_var": {"value": "v"},
    "channels.get_channel_vars": {"variables": {"A": "v"}},
    "channels.snoop_channel": channel(),
    "channels.snoop_channel_with_id": channel(),
    "channels.rtpstatistics": _STATISTICS,
    "channels.external_media": channel(),
    "device_states.list": [{"name": "Stasis:lamp", "state": "INUSE"}],
    "device_states.get": {"name": "Stasis:lamp", "state": "INUSE"},
    "endpoints.list": [_ENDPOINT],
    "endpoints.list_by_tech": [_ENDPOINT],
    "endpoints.get": _ENDPOINT,
    "mailboxes.list": [{"name": "m", "old_messages": 1, "new_messages": 2}],
    "mailboxes.get": {"name": "m", "old_messages": 1, "new_messages": 2},
    "playbacks.get": playback(),
    "recordings.list_stored": [{"name": "rec-1", "format": "wav"}],
    "recordings.get_stored": {"name": "rec-1", "format": "wav"},
    "recordings.get_stored_file": {"file": "bytes"},
    "recordings.copy_stored": {"name": "rec-2", "format": "wav"},
    "recordings.get_live": recording(),
    "sounds.list": [{"id": "beep", "formats": [{"language": "en", "format": "gsm"}]}],
    "sounds.get": {"id": "beep", "text": "(a beep)", "formats": []},
}
