"""The handling party asks for a transfer: refused by a rule, or begun towards a phone, an operator or a queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from ari_app.calls.call.cleanup import end_standing_leg
from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.call.next_step import queued
from ari_app.calls.transfers.destinations import find, stand_in
from ari_app.core import routing
from ari_app.core.call import Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.call_changes import WITH_NOBODY, CallChanges
from ari_app.core.destinations import Destination, NoDestination
from ari_app.core.ids import MunicipalityCode, OperatorNumber, new_channel_id, new_leg_id, new_transfer_id
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_commands import (
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.operators import OperatorSession
from ari_app.core.transfer import (
    Transfer,
    TransferKind,
    TransferState,
)
from ari_app.core.transfer_rules import may_transfer


@dataclass(frozen=True, slots=True)
class TransferBegun:
    """A warm transfer is noted; the handling party stays in the call, which stays in its stage."""


@dataclass(frozen=True, slots=True)
class LeaveStage:
    """A cold transfer, or one into a queue, is noted; the call takes this step, and the handling party is free."""

    step: Step


Start = Refused | TransferBegun | LeaveStage


async def start_transfer(flow: Flow, command: StartTransfer | TransferToQueue) -> Start:
    """Begin a transfer, or refuse it. Either is noted in the record only: the next commit writes it."""
    start = await _start(flow, command)
    if isinstance(start, Refused):
        flow.refused = start.reason
        if start.reason is not RefusalReason.STORE_AWAY:
            flow.note(Fact(flow.now, FactKind.TRANSFER_REFUSED, {"reason": start.reason.value}))
    return start


async def _start(flow: Flow, command: StartTransfer | TransferToQueue) -> Start:
    refused = await _refused_by_count(flow)
    if refused is not None:
        return refused
    return await (_to_destination(flow, command) if isinstance(command, StartTransfer) else _to_queue(flow, command.to))


async def _refused_by_count(flow: Flow) -> Refused | None:
    """The refusal for which the destination does not matter (AV §2).

    The store is asked first: a talk must not wait for it later.
    """
    if flow.open_transfer is not None:
        return Refused(RefusalReason.TRANSFER_OPEN)
    try:
        allowed = await flow.shell.ledger.allowed_transfers(flow.call.id)
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    return None if may_transfer(flow.call.transfer_count, allowed) else Refused(RefusalReason.TRANSFER_LIMIT)


# --- the destination: a phone, an operator, or a queue ---


async def _to_destination(flow: Flow, command: StartTransfer) -> Start:
    found = await find(flow, command.to)
    if isinstance(found, NoDestination):
        return Refused(found.reason, await stand_in(flow, found.deputies))
    of_entry = found.subject
    found = replace(found, subject=command.pii_subject or of_entry)
    if found.has_phone:
        return _to_phone(flow, command.kind, found)
    if command.kind is TransferKind.WARM:
        return Refused(RefusalReason.ONLY_COLD)
    if found.operator is not None:
        return await _to_operator(flow, found, found.operator)
    return await _into_queue(flow, found, of_entry)


async def _to_queue(flow: Flow, to: str) -> Start:
    municipality = _municipality(flow, to)
    if municipality is None:
        return Refused(RefusalReason.UNKNOWN_DESTINATION)
    return await _into_queue(flow, Destination(party=municipality, queue=municipality))


def _municipality(flow: Flow, to: str) -> MunicipalityCode | None:
    """The municipality with this CBS code, or this key: on the dialled number, or on one that the caller's shares."""
    if to in flow.area.municipalities:
        return MunicipalityCode(to)
    numbers = flow.area.shared_numbers.values()
    mine = [n for n in numbers if flow.call.municipality in {member.municipality for member in n.members}]
    dialled = flow.area.shared_numbers.get(flow.call.shared_number or "")
    for shared in (*(() if dialled is None else (dialled,)), *sorted(mine, key=lambda n: (-len(n.members), n.digits))):
        if shared.question_is_needed:
            return routing.choose(shared, to)
    return None


def _to_phone(flow: Flow, kind: TransferKind, found: Destination) -> Start:
    now = flow.now
    channel_id = new_channel_id(flow.call.id, "colleague")
    leg = Leg(new_leg_id(), flow.call.id, channel_id, LegRole.COLLEAGUE, found.party, started_at=now)
    transfer = replace(
        _transfer(flow, kind, found),
        to_endpoint=found.endpoint if found.pii_number is None else None,
        to_leg=leg.id,
        in_presence=kind is TransferKind.WARM,
        must_accept=found.must_accept,
        pii_to_number=found.pii_number,
        until_at=now + timedelta(seconds=flow.norms.transfer_ring_seconds),
    )
    if kind is TransferKind.WARM:
        flow.change_transfer(transfer)
        flow.note(_asked(transfer), legs=(leg,), transfers_asked=transfer.number, held_at=None, has_music=True)
        return TransferBegun()
    step = _leaving(flow, Stage.CONNECTING, transfer)
    return LeaveStage(replace(step, legs=(*step.legs, leg)))


async def _to_operator(flow: Flow, found: Destination, operator: OperatorNumber) -> Start:
    """Offer the caller to one operator, as a direct number does; when the time is up the caller comes back."""
    session = flow.shell.registry.session_of(operator)
    if session is None:
        return Refused(RefusalReason.UNREACHABLE, await stand_in(flow, found.deputies))
    until = flow.now + timedelta(seconds=flow.norms.transfer_ring_seconds)
    transfer = replace(_transfer(flow, TransferKind.COLD, found), to_operator=operator, until_at=until)
    changes: CallChanges = {"only_operator": operator, "direct_until_at": until}
    return LeaveStage(_into_line(flow, transfer, changes))


async def _into_queue(flow: Flow, found: Destination, subject: str = "") -> Start:
    """`subject`: of the entry, without anything that the handling party said of the caller."""
    municipality = found.queue or flow.call.municipality
    admission = routing.admit(flow.area, municipality, flow.call.shared_number, flow.now)
    if not isinstance(admission, routing.Open):
        return Refused(RefusalReason.QUEUE_CLOSED)
    transfer = replace(
        _transfer(flow, TransferKind.QUEUE, found),
        state=TransferState.QUEUED,
        to_municipality=found.queue,
        to_team=found.team,
    )
    changes: CallChanges = {"municipality": municipality, "only_team": found.team}
    if not flow.shell.dispatcher.anyone_for(replace(flow.call, **changes)):
        return Refused(RefusalReason.NOBODY_THERE)
    return LeaveStage(_into_line(flow, transfer, changes, subject))


def _into_line(flow: Flow, transfer: Transfer, changes: CallChanges, subject: str = "") -> Step:
    """The step into a queue. The caller's patience begins anew: they have talked to somebody since."""
    leaving = _leaving(flow, Stage.WAITING, transfer)
    session = _session(flow)
    again: CallChanges = {
        "wait_until_at": flow.now + timedelta(seconds=flow.norms.max_wait_seconds),
        "nobody_until_at": None,
        "last_told_at": None,
        "refused_by": () if session is None else (session.operator,),
    }
    step = queued(flow, {**leaving.changes, **again, **changes}, list(leaving.facts), subject)
    return replace(step, legs=leaving.legs)


def _transfer(flow: Flow, kind: TransferKind, found: Destination) -> Transfer:
    handling_party = flow.handling_party
    assert handling_party is not None, "only the handling party asks"
    return Transfer(
        id=new_transfer_id(),
        call_id=flow.call.id,
        number=flow.call.transfers_asked + 1,
        kind=kind,
        state=TransferState.RINGING,
        requested_at=flow.now,
        from_party=handling_party.party or handling_party.role.value,
        from_leg=handling_party.id,
        to_party=found.party,
        from_session=flow.call.operator_session,
        pii_subject=found.subject,
    )


def _leaving(flow: Flow, stage: Stage, transfer: Transfer) -> Step:
    """The step away from the handling party, who is free at once."""
    flow.change_transfer(transfer)
    end_standing_leg(flow, at=flow.now)
    changes = WITH_NOBODY | {"transfers_asked": transfer.number, "has_music": True}
    return Step(stage, (_asked(transfer),), changes)


def _session(flow: Flow) -> OperatorSession | None:
    session_id = flow.call.operator_session
    return None if session_id is None else flow.shell.registry.session(session_id)


def _asked(transfer: Transfer) -> Fact:
    detail = {"kind": transfer.kind.value, "by": transfer.from_party, "to": transfer.to_party}
    return Fact(transfer.requested_at, FactKind.TRANSFER_ASKED, detail)
