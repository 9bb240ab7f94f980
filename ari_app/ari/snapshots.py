"""Asterisk's descriptions of channels, bridges, playbacks and recordings: frozen values.

They are decoded once; no dict of JSON leaves this room. Each `from_json` raises WrongShape when a field is missing or
has another type. Unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from ari_app.ari import fields
from ari_app.ari.fields import Object


@dataclass(frozen=True, slots=True)
class ChannelSnapshot:
    """A channel as it was at one moment. Personal fields stay out of its repr."""

    id: str
    name: str  # e.g. "PJSIP/phone01-0000002a"
    state: str  # Down, Ring (calls us), Ringing (is being called), Up, ...
    created_at: datetime
    context: str
    exten: str
    app_name: str  # the dialplan application it is in; "Stasis" while in an application's hands
    app_data: str  # that application's arguments
    protocol_id: str  # SIP's Call-ID
    language: str
    variables: Mapping[str, str]  # those that `channelvars` in ari.conf names; "" when never set
    pii_caller_number: str = field(repr=False)  # the other end's own number
    pii_caller_name: str = field(repr=False)
    pii_connected_number: str = field(repr=False)

    @property
    def is_up(self) -> bool:
        return self.state == "Up"

    @property
    def is_in_stasis(self) -> bool:
        return self.app_name == "Stasis"

    @classmethod
    def from_json(cls, data: Object) -> Self:
        dialplan = fields.sub(data, "dialplan")
        caller = fields.sub(data, "caller")
        return cls(
            id=fields.text(data, "id"),
            name=fields.text(data, "name"),
            state=fields.text(data, "state"),
            created_at=fields.instant(data, "creationtime"),
            context=fields.text(dialplan, "context"),
            exten=fields.text(dialplan, "exten"),
            app_name=fields.text_or(dialplan, "app_name"),
            app_data=fields.text_or(dialplan, "app_data"),
            protocol_id=fields.text_or(data, "protocol_id"),
            language=fields.text_or(data, "language"),
            variables=fields.variables(data, "channelvars"),
            pii_caller_number=fields.text_or(caller, "number"),
            pii_caller_name=fields.text_or(caller, "name"),
            pii_connected_number=fields.text_or(fields.sub(data, "connected"), "number"),
        )


@dataclass(frozen=True, slots=True)
class BridgeSnapshot:
    id: str
    type: str  # "mixing" or "holding"
    technology: str  # e.g. "simple_bridge", "softmix", "holding_bridge"
    name: str
    creator: str  # "Stasis" for those made through ARI
    channel_ids: tuple[str, ...]
    created_at: datetime
    variables: Mapping[str, str]

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            id=fields.text(data, "id"),
            type=fields.text(data, "bridge_type"),
            technology=fields.text_or(data, "technology"),
            name=fields.text_or(data, "name"),
            creator=fields.text_or(data, "creator"),
            channel_ids=fields.texts(data, "channels"),
            created_at=fields.instant(data, "creationtime"),
            variables=fields.variables(data, "bridgevars"),
        )


@dataclass(frozen=True, slots=True)
class Playback:
    """`state`: queued, playing, continuing (between two media), done (also when stopped), failed."""

    id: str
    state: str
    media_uri: str  # the one being played
    target_uri: str  # "channel:<id>" or "bridge:<id>"

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            id=fields.text(data, "id"),
            state=fields.text(data, "state"),
            media_uri=fields.text_or(data, "media_uri"),
            target_uri=fields.text(data, "target_uri"),
        )


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """`state`: queued, recording, paused, done, failed, canceled."""

    name: str
    format: str
    state: str
    target_uri: str
    duration_seconds: int | None
    cause: str

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            name=fields.text(data, "name"),
            format=fields.text(data, "format"),
            state=fields.text(data, "state"),
            target_uri=fields.text_or(data, "target_uri"),
            duration_seconds=fields.number_or_none(data, "duration"),
            cause=fields.text_or(data, "cause"),
        )


@dataclass(frozen=True, slots=True)
class StoredRecording:
    name: str
    format: str

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(fields.text(data, "name"), fields.text(data, "format"))
