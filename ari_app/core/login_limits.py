"""How long nobody may try to log in on the pages again after failures: for the name that was typed, and for an address.

Of a name the wait begins short and grows, as for PINs: strangers who type wrong passwords keep nobody out for long. An
address may be that of a whole town hall, so it has more mistakes for nothing. A good login forgets the name's failures
and takes back its own try from the address, no more: an attacker may have a good account as well.
"""

from __future__ import annotations

from datetime import timedelta

from ari_app.core.pin_limits import FORGOTTEN_AFTER, PinLimit

OF_ACCOUNT = PinLimit(timedelta(seconds=5), timedelta(minutes=15), free=3)
OF_ADDRESS = PinLimit(timedelta(seconds=5), timedelta(minutes=15), free=30)

__all__ = ["FORGOTTEN_AFTER", "OF_ACCOUNT", "OF_ADDRESS"]
