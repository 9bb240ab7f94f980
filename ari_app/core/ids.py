"""Identifiers, each its own type, so that a channel id cannot be passed where a call id is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import time_ns
from typing import NewType, TypeVar
from uuid import UUID, uuid4, uuid5

T = TypeVar("T")
V = TypeVar("V")

CallId = NewType("CallId", UUID)
LegId = NewType("LegId", UUID)
SessionId = NewType("SessionId", UUID)  # one operator, from login to logout
TransferId = NewType("TransferId", UUID)
RequestId = NewType("RequestId", UUID)  # a callback request
AttemptId = NewType("AttemptId", UUID)  # one attempt to call the citizen back
VisitId = NewType("VisitId", UUID)  # one stay of a call in a queue
AnswerId = NewType("AnswerId", UUID)  # one question of the survey after one call
OverloadId = NewType("OverloadId", UUID)
LineId = NewType("LineId", UUID)  # one channel that dialled 1400
CommandId = NewType("CommandId", UUID)  # chosen by whoever asks: a repeated request is one command
AccountId = NewType("AccountId", UUID)  # somebody who may log in on the pages
PasskeyId = NewType("PasskeyId", UUID)
WebSessionId = NewType("WebSessionId", UUID)  # one login on the pages, until it ends
ScriptId = NewType("ScriptId", UUID)
BoardTokenId = NewType("BoardTokenId", UUID)  # of an address that shows a wallboard
ChannelId = NewType("ChannelId", str)  # Asterisk's unique id of a channel
BridgeId = NewType("BridgeId", str)  # never reused: a bridge's topic outlives the bridge (asterisk#211)
PlaybackId = NewType("PlaybackId", str)
AsteriskId = NewType("AsteriskId", str)  # entity id of one Asterisk
ServiceTokenId = NewType("ServiceTokenId", UUID)  # of a secret that another program carries
MunicipalityCode = NewType("MunicipalityCode", str)  # CBS code, e.g. "GM9901"
TeamCode = NewType("TeamCode", str)
OperatorNumber = NewType("OperatorNumber", str)  # keyed at login, e.g. "101"
EntryCode = NewType("EntryCode", str)  # of an entry of the directory, e.g. "wierdam-burgerzaken"
Endpoint = NewType("Endpoint", str)  # e.g. "PJSIP/phone01"


def optional(kind: Callable[[V], T], value: V | None) -> T | None:
    """An identifier, or another value of its own type, that may be absent."""
    return None if value is None else kind(value)


def sorted_by_time() -> UUID:
    """A new id that sorts after those of before: rows are added at the end of an index, which is in memory.

    Version 8 (RFC 9562): hundredths of a second since 1970 in twelve decimal digits, and 74 random bits. The dialplan
    makes such ids too, and it has no hexadecimal numbers.
    """
    hundredths = f"{time_ns() // 10_000_000:012}"
    return UUID(f"{hundredths}8{uuid4().hex[13:]}")


def new_call_id() -> CallId:
    return CallId(sorted_by_time())


def new_leg_id() -> LegId:
    return LegId(sorted_by_time())


def new_session_id() -> SessionId:
    return SessionId(sorted_by_time())


def new_transfer_id() -> TransferId:
    return TransferId(sorted_by_time())


def new_visit_id() -> VisitId:
    return VisitId(sorted_by_time())


def answer_id_of(call_id: CallId, number: int) -> AnswerId:
    """The `number`-th question that a caller is asked. Derived, so that a restarted process asks no second one."""
    return AnswerId(uuid5(call_id, f"survey {number}"))


def new_request_id() -> RequestId:
    return RequestId(sorted_by_time())


def new_attempt_id() -> AttemptId:
    return AttemptId(sorted_by_time())


def new_command_id() -> CommandId:
    return CommandId(sorted_by_time())


def new_overload_id() -> OverloadId:
    return OverloadId(sorted_by_time())


def new_line_id() -> LineId:
    return LineId(sorted_by_time())


def new_account_id() -> AccountId:
    return AccountId(sorted_by_time())


def new_web_session_id() -> WebSessionId:
    return WebSessionId(sorted_by_time())


def new_script_id() -> ScriptId:
    return ScriptId(sorted_by_time())


def new_board_token_id() -> BoardTokenId:
    return BoardTokenId(sorted_by_time())


def new_service_token_id() -> ServiceTokenId:
    return ServiceTokenId(sorted_by_time())


def new_channel_id(call_id: CallId, role: str) -> ChannelId:
    """A channel id of our choice, so that Asterisk answers a repeated order with 409 instead of dialling twice."""
    return ChannelId(f"{role}-{call_id}-{uuid4().hex[:8]}")


_MADE_BY_US = re.compile(r"[a-z]+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9a-f]{8}")


def is_made_by_us(channel_id: ChannelId) -> bool:
    """Did `new_channel_id` make this id? Then we called this channel; any other channel called us."""
    return _MADE_BY_US.fullmatch(channel_id) is not None


def new_bridge_id(purpose: str) -> BridgeId:
    return BridgeId(f"{purpose}-{uuid4()}")


def new_playback_id() -> PlaybackId:
    return PlaybackId(f"play-{uuid4()}")


def tone_id_of(call_id: CallId, last_seq: int) -> PlaybackId:
    """The tone of a call that began at this fact. Derived, so that a restarted process can stop it."""
    return PlaybackId(f"tone-{call_id}-{last_seq}")


def playback_id_of(call_id: CallId, last_seq: int, number: int = 0) -> PlaybackId:
    """The `number`-th prompt of a call since this fact. Derived, so that a restarted process can stop it."""
    return PlaybackId(f"play-{call_id}-{last_seq}-{number}")
