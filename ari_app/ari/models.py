"""Asterisk's answers about itself and its surroundings: frozen values, decoded once; no dict of JSON leaves this room.

Each `from_json` raises WrongShape when a field is missing or has another type. Unknown fields are ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ari_app.ari import fields
from ari_app.ari.fields import Object


@dataclass(frozen=True, slots=True)
class Endpoint:
    technology: str  # e.g. "PJSIP"
    resource: str  # e.g. "phone01"
    state: str  # online, offline, unknown
    channel_ids: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            technology=fields.text(data, "technology"),
            resource=fields.text(data, "resource"),
            state=fields.text_or(data, "state", "unknown"),
            channel_ids=fields.texts(data, "channel_ids"),
        )


@dataclass(frozen=True, slots=True)
class DeviceState:
    name: str  # e.g. "PJSIP/phone01"
    state: str  # UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(fields.text(data, "name"), fields.text(data, "state"))


@dataclass(frozen=True, slots=True)
class Application:
    """An application that Asterisk knows, with its subscriptions."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]
    endpoint_ids: tuple[str, ...]
    device_names: tuple[str, ...]
    events_allowed: tuple[str, ...]  # no names: all
    events_disallowed: tuple[str, ...]

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            name=fields.text(data, "name"),
            channel_ids=fields.texts(data, "channel_ids"),
            bridge_ids=fields.texts(data, "bridge_ids"),
            endpoint_ids=fields.texts(data, "endpoint_ids"),
            device_names=fields.texts(data, "device_names"),
            events_allowed=_types(data, "events_allowed"),
            events_disallowed=_types(data, "events_disallowed"),
        )


def _types(data: Object, key: str) -> tuple[str, ...]:
    return tuple(fields.text(item, "type") for item in fields.objects(data.get(key, [])))


@dataclass(frozen=True, slots=True)
class AsteriskInfo:
    """A restart shows in `started_at`: `entity_id` is a hardware address and stays."""

    version: str  # e.g. "22.10.1+dfsg"
    entity_id: str
    system_name: str  # "systemname" of asterisk.conf; channel ids begin with it
    started_at: datetime
    reloaded_at: datetime

    @classmethod
    def from_json(cls, data: Object) -> Self:
        system, status = fields.sub(data, "system"), fields.sub(data, "status")
        return cls(
            version=fields.text(system, "version"),
            entity_id=fields.text(system, "entity_id"),
            system_name=fields.text_or(fields.optional_sub(data, "config") or {}, "name"),
            started_at=fields.instant(status, "startup_time"),
            reloaded_at=fields.instant(status, "last_reload_time"),
        )


@dataclass(frozen=True, slots=True)
class Ping:
    asterisk_id: str
    at: datetime

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(fields.text(data, "asterisk_id"), fields.instant(data, "timestamp"))


@dataclass(frozen=True, slots=True)
class Module:
    name: str  # e.g. "res_stasis.so"
    description: str
    status: str  # "Running", "Not Running"
    support_level: str
    use_count: int

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            name=fields.text(data, "name"),
            description=fields.text_or(data, "description"),
            status=fields.text(data, "status"),
            support_level=fields.text_or(data, "support_level"),
            use_count=fields.number(data, "use_count"),
        )


@dataclass(frozen=True, slots=True)
class LogChannel:
    channel: str
    type: str
    status: str
    configuration: str

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(*(fields.text(data, key) for key in ("channel", "type", "status", "configuration")))


@dataclass(frozen=True, slots=True)
class ConfigTuple:
    attribute: str
    value: str

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(fields.text(data, "attribute"), fields.text(data, "value"))


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    old_messages: int
    new_messages: int

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(fields.text(data, "name"), fields.number(data, "old_messages"), fields.number(data, "new_messages"))


@dataclass(frozen=True, slots=True)
class Sound:
    id: str
    text: str
    formats: tuple[tuple[str, str], ...]  # (language, format)

    @classmethod
    def from_json(cls, data: Object) -> Self:
        formats = fields.objects(data.get("formats"))
        return cls(
            id=fields.text(data, "id"),
            text=fields.text_or(data, "text"),
            formats=tuple((fields.text(item, "language"), fields.text(item, "format")) for item in formats),
        )


@dataclass(frozen=True, slots=True)
class RtpStatistics:
    """How the sound of one channel fared; times in seconds, None where Asterisk gave none."""

    sent_packets: int
    received_packets: int
    sent_lost: int
    received_lost: int
    received_jitter: float | None
    sent_jitter: float | None
    round_trip: float | None

    @classmethod
    def from_json(cls, data: Object) -> Self:
        return cls(
            sent_packets=fields.number(data, "txcount"),
            received_packets=fields.number(data, "rxcount"),
            sent_lost=fields.number(data, "txploss"),
            received_lost=fields.number(data, "rxploss"),
            received_jitter=_seconds(data, "rxjitter"),
            sent_jitter=_seconds(data, "txjitter"),
            round_trip=_seconds(data, "rtt"),
        )


def _seconds(data: Object, key: str) -> float | None:
    value = data.get(key)
    if value is None or isinstance(value, (int, float)):
        return value
    raise fields.WrongShape(key)
