"""The switch over ARI: the one part of the calls room that sees the ari room."""

from ari_app.calls.switch.incoming import listen
from ari_app.calls.switch.orders import AriSwitch
from ari_app.calls.switch.snapshot import take_snapshot

__all__ = ["AriSwitch", "listen", "take_snapshot"]
