"""What the controller would write of the caller whom an operator has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ari_app.callbacks.service import CallbackService
from ari_app.core.area import Area
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import CallbackRequest, Confirmed, Created, RequestReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber, new_transfer_id
from ari_app.core.operators import OperatorSession, OperatorState
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.transfer import CountReason, Transfer, TransferKind, TransferOutcome, TransferState
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database
from tests.storage.values import new_call, new_leg, new_session, new_visit
from tests.web.rows import ledger_of, store

NUMBER = "+31119555123"


@dataclass
class Talk:
    """An operator with a caller; each change is stored as a call's task would."""

    serve: Database
    call: Call
    leg: Leg
    session: OperatorSession

    async def becomes(self, *, transfers: Sequence[Transfer] = (), **changes: object) -> None:
        call = replace(self.call, **changes)  # type: ignore[arg-type]
        fact = Fact(datetime.now(UTC), FactKind.NOTED, {"what": "test"})
        async with ledger_of(self.serve) as ledger:
            self.call = await ledger.store(call, [fact], transfers=transfers)

    async def operator_is(self, state: OperatorState, *, has_call: bool = True) -> None:
        self.session = replace(
            self.session,
            state=state,
            call_id=self.call.id if has_call else None,
            state_since_at=datetime.now(UTC),
            version=self.session.version + 1,
        )
        await store(self.serve, self.session)

    def transfer(self, to: str, state: TransferState, **changes: object) -> Transfer:
        """The first of the call, by its operator."""
        one = Transfer(
            new_transfer_id(),
            self.call.id,
            1,
            TransferKind.WARM,
            state,
            datetime.now(UTC),
            self.session.operator,
            self.leg.id,
            to,
            in_presence=True,
        )
        return replace(one, **changes)  # type: ignore[arg-type]


def over(transfer: Transfer, outcome: TransferOutcome) -> Transfer:
    now = datetime.now(UTC)
    completed = now if outcome is TransferOutcome.COMPLETED else None
    was_counted = outcome is TransferOutcome.COMPLETED
    why = CountReason.TO_ANOTHER_PERSON if was_counted else CountReason.NOT_COMPLETED
    ended = replace(transfer, state=TransferState.ENDED, ended_at=now, outcome=outcome, until_at=None)
    return replace(ended, completed_at=completed, answered_at=completed, counted=was_counted, count_reason=why)


async def a_talk(
    serve: Database,
    operator: str,
    municipality: MunicipalityCode | None,
    *,
    number: str | None = NUMBER,
    state: OperatorState = OperatorState.TALKING,
    visit: VisitReason = VisitReason.MENU,
    waited_seconds: float = 80,
) -> Talk:
    now = datetime.now(UTC)
    at = now - timedelta(seconds=waited_seconds)
    session = new_session(operator, at=at)
    call = replace(
        new_call(at=at),
        municipality=municipality,
        stage=Stage.TALKING,
        stage_entered_at=now,
        queued_at=at,
        answered_at=now,
        operator_session=session.id,
        pii_caller_number=number,
    )
    caller = replace(new_leg(call, at), answered_at=at, joined_at=now)
    leg = replace(
        new_leg(call, now), role=LegRole.OPERATOR, party=operator, answered_at=now, joined_at=now, owns_channel=False
    )
    stay = replace(new_visit(call, at), reason=visit)
    if state is not OperatorState.OFFERED:
        stay = replace(stay, left_at=now, outcome=VisitOutcome.ANSWERED, operator=session.operator)
    async with ledger_of(serve) as ledger:
        stored = await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})], legs=[caller, leg], visits=[stay])
    talk = Talk(serve, stored, leg, session)
    await talk.operator_is(state)
    return talk


async def an_earlier_call(serve: Database, municipality: MunicipalityCode, reason: EndReason) -> Call:
    at = datetime.now(UTC) - timedelta(days=2)
    call = replace(
        new_call(at=at),
        municipality=municipality,
        stage=Stage.ENDED,
        ended_at=at + timedelta(minutes=3),
        end_reason=reason,
        pii_caller_number=NUMBER,
    )
    async with ledger_of(serve) as ledger:
        return await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})])


async def a_request(
    serve: Database,
    municipality: MunicipalityCode,
    *,
    number: str = NUMBER,
    operator: str | None = None,
    subject: str = "",
) -> CallbackRequest:
    """A promise to call this number, of the team of the municipality."""
    area: Area = await load_area(serve.background)
    requests = PostgresCallbackStore(serve.pool)
    now = datetime.now(UTC)
    whom = None if operator is None else OperatorNumber(operator)
    wish = Wish(municipality, RequestReason.OPERATOR, now, Confirmed.SHOWN, number, operator=whom, subject=subject)
    made = await CallbackService(requests, lambda: area).create_or_join(wish, now)
    await requests.close()
    assert isinstance(made, Created), made
    return made.request
