"""A ledger under the contract: the real one, or the one in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ari_app.core.call import Call
from ari_app.core.operator_states import OperatorStretch
from ari_app.core.survey import SurveyAnswer
from ari_app.storage.calls.ledger import PostgresLedger
from tests.fakes.ledger import FakeLedger


@dataclass
class Subject:
    ledger: PostgresLedger | FakeLedger
    add_operator: Callable[[str, str], Awaitable[None]]
    stretches: Callable[[], Awaitable[list[OperatorStretch]]]
    answers: Callable[[], Awaitable[list[SurveyAnswer]]]

    @property
    def store(self) -> Callable[..., Awaitable[Call]]:
        return self.ledger.store
