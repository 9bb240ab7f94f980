"""What the desk shows of the caller whom an operator has, is offered, or had just now: everything in one statement.

Within the scope only: what a call outside it is about, a request, an earlier call or the name of a colleague there does
not exist.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ari_app.core.access import Scope
from ari_app.core.call import EndReason
from ari_app.core.callbacks import AttemptOutcome, RequestState
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, optional
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import VisitReason
from ari_app.core.transfer import TransferKind, TransferOutcome, TransferState
from ari_app.core.transfer_rules import may_transfer
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes
from ari_app.storage.operators.wishes import WISHED_AT

#: the newest calls of the number, and how far back they are looked for
MOST_EARLIER = 5
EARLIER_DAYS = 90


@dataclass(frozen=True, slots=True)
class CardVisit:
    """The last stay in a queue. `from_municipality`: its name, of a transfer, in the scope."""

    reason: VisitReason
    entered_at: datetime
    left_at: datetime | None
    subject: str | None
    from_municipality: str | None


@dataclass(frozen=True, slots=True)
class CardTransfer:
    """One transfer of this call, by names. None: a colleague or a place outside the scope, or a number outside."""

    kind: TransferKind
    state: TransferState
    outcome: TransferOutcome | None
    from_name: str | None
    to_name: str | None
    is_own: bool  # the operator of this card asked for it
    pii_subject: str = field(repr=False)
    pii_to_number: str | None = field(repr=False)

    @property
    def is_open(self) -> bool:
        return self.state is not TransferState.ENDED

    @property
    def to_whom(self) -> str:
        return self.to_name or self.pii_to_number or "een collega"


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """An earlier call of the same number. `subject`: of its last wrap-up."""

    arrived_at: datetime
    municipality: str
    end_reason: EndReason | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A promise to call this number that is still open. `is_here`: for the municipality of this very call."""

    id: RequestId
    reference: str
    municipality: str
    subject: str
    deadline_at: datetime
    state: RequestState
    attempts_count: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class CallCard:
    """`is_known`: the call is in the scope; of another one, as of a caller who chose no municipality, the card says
    only that there is one. `state`: that of the operator. `band`: a number that tells municipalities apart.
    `wished_at`: the operator asked for one transfer more then, and nobody has allowed it since.
    `calamity_text`: of a calamity that goes on now. `own_request`: the subject of the request, when this is a callback.
    """

    call_id: CallId
    is_known: bool
    operator: OperatorNumber
    state: OperatorState
    municipality: MunicipalityCode | None
    municipality_name: str | None
    band: int
    arrived_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    held_at: datetime | None
    returned_at: datetime | None
    transfer_count: int
    allowed_beyond: int
    wished_at: datetime | None
    is_callback: bool
    callback_mark: AttemptOutcome | None
    has_survey: bool  # this caller may be asked questions after the talk
    survey_agreed_at: datetime | None
    own_request: str | None
    calamity_text: str | None
    visit: CardVisit | None
    transfers: tuple[CardTransfer, ...]
    earlier: tuple[EarlierCall, ...]
    requests: tuple[OpenRequest, ...]
    pii_number: str | None = field(repr=False)

    @property
    def is_over(self) -> bool:
        """The operator has not got the caller any more, and may still say what it was about."""
        return self.state is OperatorState.WRAP_UP

    @property
    def open_transfer(self) -> CardTransfer | None:
        return next((one for one in self.transfers if one.is_open), None)

    @property
    def last_transfer(self) -> CardTransfer | None:
        """The last one that is over and was not taken back by the person who asked."""
        done = [one for one in self.transfers if not one.is_open and one.outcome is not TransferOutcome.CANCELLED]
        return done[-1] if done else None

    @property
    def may_transfer(self) -> bool:
        return may_transfer(self.transfer_count, self.allowed_beyond)

    @property
    def own_open_request(self) -> OpenRequest | None:
        """The promise that this call may fulfil."""
        return next((one for one in self.requests if one.is_here and not self.is_callback), None)


_IN_SCOPE = "($1::text[] IS NULL OR {0} = ANY ($1))"
_VISIT = f"""
SELECT visit.reason, visit.entered_at, visit.left_at, visit.subject, town.name AS from_municipality
FROM queue_visit visit LEFT JOIN municipality town
  ON town.code = visit.from_municipality AND {_IN_SCOPE.format("town.code")}
WHERE visit.call_id = call.id AND {_IN_SCOPE.format("visit.municipality")} ORDER BY visit.entered_at DESC LIMIT 1"""
# A party is an operator's number, an extension or the code of a municipality; a name is found for what is in the scope.
_NAME = f"""
coalesce((SELECT one.name FROM operator one WHERE one.number = {{0}} AND ($1::text[] IS NULL OR EXISTS (SELECT
    FROM operator_skill skill WHERE skill.operator = one.number AND {_IN_SCOPE.format("skill.municipality")}))),
  (SELECT entry.name FROM directory_entry entry WHERE entry.extension = {{0}}
    AND (entry.shared OR {_IN_SCOPE.format("entry.municipality")})),
  (SELECT 'wachtrij ' || town.name FROM municipality town WHERE town.code = {{0}} AND {_IN_SCOPE.format("town.code")}))
"""
_TRANSFERS = f"""
SELECT transfer.kind, transfer.state, transfer.outcome, {_NAME.format("transfer.from_party")} AS from_name,
  {_NAME.format("transfer.to_party")} AS to_name, transfer.from_party = desk.operator AS is_own, transfer.pii_subject,
  transfer.pii_to_number
FROM transfer WHERE transfer.call_id = call.id ORDER BY transfer.number"""
_EARLIER = f"""
SELECT past.arrived_at, town.name AS municipality, past.end_reason, (SELECT wrap_up.subject
  FROM call_wrap_up wrap_up WHERE wrap_up.call_id = past.id AND wrap_up.subject <> ''
  ORDER BY wrap_up.saved_at DESC LIMIT 1) AS subject
FROM call past JOIN municipality town ON town.code = past.municipality
WHERE past.pii_caller_number = call.pii_caller_number AND past.id <> call.id AND {_IN_SCOPE.format("past.municipality")}
  AND past.arrived_at BETWEEN call.arrived_at - interval '{EARLIER_DAYS} days' AND call.arrived_at
ORDER BY past.arrived_at DESC LIMIT {MOST_EARLIER}"""
_REQUESTS = f"""
SELECT request.id, request.reference, town.name AS municipality, request.subject, request.deadline_at, request.state,
  request.attempts_count, request.municipality = call.municipality AS is_here
FROM callback_request request JOIN municipality town ON town.code = request.municipality
WHERE request.pii_number = call.pii_caller_number AND request.closed_at IS NULL
  AND {_IN_SCOPE.format("request.municipality")} ORDER BY request.deadline_at, request.id LIMIT {MOST_EARLIER}"""
_LISTS = {"transfers": _TRANSFERS, "earlier": _EARLIER, "requests": _REQUESTS}
_VISIT_SHAPE = RowShape(CardVisit, "queue_visit")
_LIST_SHAPES: Mapping[str, RowShape[Any]] = {
    "transfers": RowShape(CardTransfer, "transfer"),
    "earlier": RowShape(EarlierCall, "call"),
    "requests": RowShape(OpenRequest, "callback_request"),
}
_LISTED = ", ".join(f"(SELECT jsonb_agg(to_jsonb(one)) FROM ({query}) one) AS {name}" for name, query in _LISTS.items())
_CARDS = f"""
WITH desk AS MATERIALIZED (SELECT session.operator, session.state, session.state_since_at,
  coalesce(session.call_id, CASE
    WHEN session.state = 'wrap_up' THEN (SELECT past.call_id FROM operator_state past
      WHERE past.operator = session.operator AND past.session_id = session.id AND past.call_id IS NOT NULL
      ORDER BY past.from_at DESC LIMIT 1) END) AS call_id
  FROM operator_session session WHERE session.operator = ANY ($2::text[]) AND session.logged_out_at IS NULL)
SELECT desk.call_id, call.id IS NOT NULL AS is_known, desk.operator, desk.state, call.municipality,
  town.name AS municipality_name,
  (SELECT count(*) FROM municipality before WHERE before.code < call.municipality)::int AS band,
  coalesce(call.arrived_at, desk.state_since_at) AS arrived_at,
  call.answered_at, call.ended_at, call.held_at, call.returned_at,
  coalesce(call.transfer_count, 0) AS transfer_count,
  (SELECT count(*) FROM transfer_allowance one WHERE one.call_id = call.id)::int AS allowed_beyond,
  {WISHED_AT.format(operator="desk.operator")} AS wished_at,
  call.callback_request IS NOT NULL AS is_callback, call.callback_mark,
  call.callback_request IS NULL AND NOT call.calamity AND EXISTS (SELECT FROM survey_rules rules
    WHERE rules.municipality = call.municipality) AS has_survey, call.survey_agreed_at,
  (SELECT request.subject FROM callback_request request WHERE request.id = call.callback_request) AS own_request,
  (SELECT calamity.text FROM calamity WHERE calamity.municipality = call.municipality AND calamity.from_at <= $3
    AND (calamity.until_at IS NULL OR calamity.until_at > $3) ORDER BY calamity.from_at DESC LIMIT 1)
    AS calamity_text,
  call.pii_caller_number AS pii_number, (SELECT to_jsonb(one) FROM ({_VISIT}) one) AS visit, {_LISTED}
FROM desk LEFT JOIN call ON call.id = desk.call_id AND {_IN_SCOPE.format("call.municipality")}
LEFT JOIN municipality town ON town.code = call.municipality WHERE desk.call_id IS NOT NULL"""


async def call_cards(
    pool: Pool, scope: Scope, operators: Collection[OperatorNumber], now: datetime
) -> dict[OperatorNumber, CallCard]:
    """Of those of the operators who have a caller, or had one and are in the wrap-up. Raises StoreUnavailable.

    `now`: by the clock that decides when cards are shown anew because a calamity begins or ends.
    """
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            rows = await connection.fetch(_CARDS, scope_codes(scope), list(operators), now)
    return {card.operator: card for card in (_card(dict(row)) for row in rows)}


def _card(values: dict[str, Any]) -> CallCard:
    values["state"] = OperatorState(values["state"])
    values["callback_mark"] = optional(AttemptOutcome, values["callback_mark"])
    values["visit"] = None if values["visit"] is None else _VISIT_SHAPE.read_json(json.loads(values["visit"]))
    for name, shape in _LIST_SHAPES.items():
        values[name] = tuple(map(shape.read_json, json.loads(values[name] or "[]")))
    return CallCard(**values)
