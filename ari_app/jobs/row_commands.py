"""Commands that only rows say: each is carried out in the transaction that answers it, so once or not at all."""

from __future__ import annotations

from datetime import datetime

from ari_app.callbacks.requests import assign_in, close_by_person_in, promise_in
from ari_app.core.account_commands import AccountCommand
from ari_app.core.area import Area, Calamity
from ari_app.core.area_commands import AreaCommand, CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.callback_requests import NotPromised, Wish, refusal_of
from ari_app.core.callbacks import Confirmed, RequestReason
from ari_app.core.directory_commands import ChangeDirectory, RemoveEntry
from ari_app.core.ids import MunicipalityCode
from ari_app.core.ledger import CallbackRefused, CloseRefused, UnknownOwner
from ari_app.core.operator_commands import ACCEPTED, Answer, Promised, RefusalReason, Refused
from ari_app.core.promise_commands import MakePromise
from ari_app.core.provider import ProviderGrants
from ari_app.core.script_commands import ChooseScript
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, AssignRequest, CloseByPerson, UnlockPin
from ari_app.core.wrap_ups import WrapUp
from ari_app.jobs.account_commands import change_account
from ari_app.jobs.directory_commands import change_directory
from ari_app.storage.accounts.attempts import forget_waits_in
from ari_app.storage.area.calamities import CalamityRefused, UnknownMunicipality, end_calamity_in, set_calamity_in
from ari_app.storage.area.early_closings import ClosingRefused, close_early_in, open_again_in
from ari_app.storage.callbacks.rows import PostgresRows
from ari_app.storage.calls.allowances import allow_transfer_in
from ari_app.storage.calls.wishes import wish_transfer_in
from ari_app.storage.calls.wrap_ups import save_wrap_up_in
from ari_app.storage.commands.claims import ClaimedCommand
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.notifications import CALLBACK_CHANNEL, notify_in_commit
from ari_app.storage.operators.pin_locks import unlock_number_in
from ari_app.storage.scripts.choices import choose_script_in


async def change_rows(
    claimed: ClaimedCommand,
    area: Area,
    now: datetime,
    connection: Connection,
    *,
    provider: ProviderGrants | None = None,
) -> Answer:
    """What the command says, and what it is answered with. `provider`: whose people may log in by it."""
    asked, by = claimed.asked, claimed.actor
    match asked.command:
        case AllowTransfer(reason) if asked.call_id is not None:
            is_done = await allow_transfer_in(connection, None, asked.call_id, by, reason, now)
            return _done(is_done, RefusalReason.NO_SUCH_CALL)
        case AskAllowance() if asked.call_id is not None and asked.operator is not None:
            is_done = await wish_transfer_in(connection, asked.call_id, asked.operator, now)
            return _done(is_done, RefusalReason.NOT_YOURS)
        case WrapUp() as said if asked.call_id is not None and asked.operator is not None:
            is_done = await save_wrap_up_in(connection, asked.call_id, asked.operator, said)
            return _done(is_done, RefusalReason.NOT_YOURS)
        case ChooseScript() as said if asked.call_id is not None and asked.operator is not None:
            is_done = await choose_script_in(connection, asked.call_id, asked.operator, said, now)
            return _done(is_done, RefusalReason.NOT_YOURS)
        case UnlockPin() if asked.operator is not None:
            await unlock_number_in(connection, asked.operator, by, now)
            await forget_waits_in(connection, asked.operator, by, now)
            return ACCEPTED
        case AssignRequest() | CloseByPerson() as decided:
            return await _change_request(connection, decided, area, by, now)
        case MakePromise() as said if asked.municipality is not None:
            return await _promise(connection, asked.municipality, said, area, by, now)
        case SetCalamity() | EndCalamity() | CloseEarly() | OpenAgain() as of_all if asked.municipality is not None:
            return await _change_area(connection, asked.municipality, of_all, by, now, claimed.asked_at)
        case ChangeDirectory() | RemoveEntry() as edited if asked.municipality is not None:
            return await change_directory(connection, asked.municipality, edited, by, now)
    if isinstance(asked.command, AccountCommand) and asked.account is not None:
        return await change_account(connection, asked.account, asked.command, by, now, provider)
    return Refused(RefusalReason.NO_SUCH_CALL)


async def _change_area(
    connection: Connection,
    municipality: MunicipalityCode,
    wanted: AreaCommand,
    by: str,
    now: datetime,
    asked_at: datetime,
) -> Answer:
    # A refusal leaves nothing behind: each function judges before it writes.
    try:
        match wanted:
            case SetCalamity(text, from_at, until_at, then):
                begins_at = now if from_at is None else max(from_at, now)
                calamity = Calamity(municipality, begins_at, until_at, text, then, by)
                await set_calamity_in(connection, calamity, now)
                return ACCEPTED
            case EndCalamity(from_at):
                ended = await end_calamity_in(connection, municipality, from_at, by, now)
                return _done(ended > 0, RefusalReason.NOTHING_TO_END)
            case CloseEarly():
                is_done = await close_early_in(connection, municipality, wanted, by, now, asked_at)
                return _done(is_done, RefusalReason.NO_SUCH_MUNICIPALITY)
            case OpenAgain():
                ended = await open_again_in(connection, municipality, by, now)
                return _done(ended > 0, RefusalReason.NOTHING_TO_END)
    except UnknownMunicipality:
        return Refused(RefusalReason.NO_SUCH_MUNICIPALITY)
    except (CalamityRefused, ClosingRefused):
        return Refused(RefusalReason.NONSENSE)


async def _change_request(
    connection: Connection, wanted: AssignRequest | CloseByPerson, area: Area, by: str, now: datetime
) -> Answer:
    rows = PostgresRows(connection)
    try:
        match wanted:
            case AssignRequest(request, team, operator):
                await assign_in(rows, area, request, team, operator, by, now)
            case CloseByPerson(request, reason):
                await close_by_person_in(rows, request, reason, by, now)
    except UnknownOwner:
        return Refused(RefusalReason.UNKNOWN_DESTINATION)
    except CloseRefused:
        return Refused(RefusalReason.BEING_CALLED)
    except CallbackRefused:
        return Refused(RefusalReason.NO_REQUEST)
    await notify_in_commit(connection, CALLBACK_CHANNEL, str(wanted.request))
    return ACCEPTED


async def _promise(
    connection: Connection, municipality: MunicipalityCode, said: MakePromise, area: Area, by: str, now: datetime
) -> Answer:
    """By a person, or for one: the limits are for what callers ask for by themselves (`core.callback_limits`)."""
    wish = Wish(
        municipality,
        RequestReason.DESK,
        min(said.first_contact_at or now, now),
        Confirmed.SPOKEN,
        said.pii_number,
        team=said.team,
        operator=said.operator,
        entry=said.entry,
        subject=said.subject,
        pii_note=said.pii_note,
        by=by,
    )
    made = await promise_in(PostgresRows(connection), wish, area, now)
    if isinstance(made, NotPromised):
        return Refused(refusal_of(made))
    request = made.request
    await record_deed(connection, now, by, "callback.promised", {"reference": request.reference})
    await notify_in_commit(connection, CALLBACK_CHANNEL, str(request.id))
    return Promised(request.reference, request.deadline_at, made.joined)


def _done(is_done: bool, else_why: RefusalReason) -> Answer:
    return ACCEPTED if is_done else Refused(else_why)
