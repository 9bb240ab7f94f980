"""The errors of this room.

CallError
├── PartyLeft          a party's channel is gone; the one exception used as control flow
├── StillTalking       an operator who talks logs in on another phone
├── ControllerReplaced another controller took our place at Asterisk: stop acting at once
├── SwitchUnavailable  Asterisk cannot be reached, or refuses for reasons of its own
│   └── NoAnswer       it did not answer in time; whether it did what it was asked is not known
├── TooLate            an order was not given: its time had passed before it had its turn
└── DestinationUnavailable  there is no phone to dial: not registered, not existing

The ledger raises `core.ledger.StoreUnavailable` and `core.ledger.StaleRow`.
"""

from __future__ import annotations

from ari_app.core.ids import ChannelId


class CallError(Exception):
    """Base of this room's errors."""


class PartyLeft(CallError):
    """The channel is gone: that party left."""

    def __init__(self, channel_id: ChannelId) -> None:
        super().__init__(f"channel {channel_id} is gone")
        self.channel_id = channel_id


class SwitchUnavailable(CallError):
    """Asterisk did not carry out an order, and not because a party left."""


class NoAnswer(SwitchUnavailable):
    """Asterisk did not answer in time."""


class TooLate(CallError):
    """The order was not given: its time had passed before its turn came."""


class DestinationUnavailable(CallError):
    """There is no phone to dial at that endpoint now."""


class StillTalking(CallError):
    """The operator who logs in is in a talk on another phone, and that talk goes on."""


class ControllerReplaced(CallError):
    """Another socket took our application's name: it gets the events now."""

    def __init__(self, application: str) -> None:
        super().__init__(f"another controller took the application {application}; this one stops")
