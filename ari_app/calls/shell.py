"""The ports and services that every task uses, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ari_app.callbacks.service import CallbackService
from ari_app.calls.admission import Admission
from ari_app.calls.clock import Clock
from ari_app.calls.dispatcher import Dispatcher
from ari_app.calls.door import Door
from ari_app.calls.load import Load
from ari_app.calls.ports import Ledger, Switch, Voice
from ari_app.calls.registry import Registry
from ari_app.core.area import Area


@dataclass(frozen=True, slots=True)
class Shell:
    """The tools of every task; made once by the composition root. `area` returns the area as it is now."""

    switch: Switch
    ledger: Ledger
    voice: Voice
    clock: Clock
    registry: Registry
    dispatcher: Dispatcher
    area: Callable[[], Area]
    callbacks: CallbackService
    door: Door
    load: Load
    admission: Admission
