"""Every address of the pages, each with the action that a visitor must be allowed (`core.access`), or none at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from ari_app.core.access import Action
from ari_app.web.live import socket
from ari_app.web.pages import (
    accessibility,
    account,
    account_changes,
    accounts,
    audit,
    boards,
    calamities,
    call,
    callbacks,
    calls,
    calls_export,
    closed_requests,
    computer,
    contact,
    desk,
    directory,
    figures,
    login,
    new_factor,
    number_plan,
    number_plan_entry,
    number_plan_files,
    open_requests_export,
    participation,
    passkey_login,
    passkeys,
    phone_login,
    promises,
    provider_login,
    provider_logout,
    reassign,
    requests,
    script_editing,
    script_list,
    scripts,
    staff,
    start,
    state,
    theme,
    trial,
    wrap_up,
)
from ari_app.web.site import Site, Visit

OpenHandler = Callable[[Site, web.Request], Awaitable[web.StreamResponse]]
Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """For everybody, logged in or not. `is_for_servers`: no page of ours sends it; something in it proves who did."""

    method: str
    path: str
    handler: OpenHandler
    is_for_servers: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """For those who are logged in and may do this for some municipality; the handler asks for which.

    `keeps_form`: what somebody typed is kept when their login has ended meanwhile, and sent after the next one.
    """

    method: str
    path: str
    handler: Handler
    action: Action
    keeps_form: bool = True


OPEN_ROUTES = (
    OpenRoute("GET", "/toegankelijkheid", accessibility.show),
    OpenRoute("GET", "/thema-{hash}.css", theme.show),
    OpenRoute("GET", "/contact/{file}", contact.show),
    OpenRoute("GET", "/inloggen", login.show),
    OpenRoute("POST", "/inloggen", login.give_password),
    OpenRoute("GET", "/inloggen/code", login.show_code),
    OpenRoute("POST", "/inloggen/code", login.give_code),
    OpenRoute("GET", "/inloggen/nieuwe-code", new_factor.show),
    OpenRoute("POST", "/inloggen/nieuwe-code", new_factor.give),
    OpenRoute("POST", "/inloggen/code/passkey", passkey_login.give),
    OpenRoute("POST", "/inloggen/passkey", passkey_login.begin),
    OpenRoute("POST", "/inloggen/passkey/antwoord", passkey_login.finish),
    OpenRoute("GET", "/inloggen/oidc", provider_login.begin),
    OpenRoute("GET", "/inloggen/oidc/terug", provider_login.finish),
    OpenRoute("GET", "/inloggen/oidc/uit", provider_logout.back),
    OpenRoute("POST", "/inloggen/oidc/afmelden", provider_logout.heard, is_for_servers=True),
    OpenRoute("GET", "/start/{token}", start.show),
    OpenRoute("POST", "/start/{token}", start.begin),
    # It tells a page that its login has ended, which an answer without a socket could not.
    OpenRoute("GET", "/live", socket.live),
    OpenRoute("GET", "/sip", computer.sip),
    # In the demonstration only, and from this machine.
    OpenRoute("GET", trial.PATH, trial.show),
    OpenRoute("POST", trial.PATH, trial.give_account),
    OpenRoute("GET", f"{trial.PATH}/sip", trial.sip),
    OpenRoute("GET", f"{trial.PATH}/live", trial.live),
    OpenRoute("GET", "/bord/{token}", boards.show_address),
    OpenRoute("GET", "/bord/{token}/live", boards.live_address),
)

ROUTES = (
    Route("GET", "/", desk.show, Action.OWN_ACCOUNT),
    Route("POST", "/stand", state.change, Action.OWN_STATE),
    Route("POST", "/aanmelden", phone_login.ring, Action.OWN_STATE),
    Route("POST", "/computer", computer.open_phone, Action.OWN_STATE, keeps_form=False),
    Route("POST", "/gesprek", call.act, Action.CALL),
    Route("POST", "/nawerk", call.wrap_up, Action.CALL),
    Route("GET", "/nawerk/{call}", wrap_up.show, Action.CALL),
    Route("POST", "/nummerplan", directory.search, Action.DIRECTORY),
    Route("POST", "/antwoorden/zoek", scripts.search, Action.SCRIPTS),
    Route("POST", "/antwoorden/lees", scripts.read, Action.SCRIPTS),
    Route("POST", "/antwoorden/kies", scripts.choose, Action.CALL),
    Route("POST", "/antwoorden/opmerking", scripts.remark, Action.SCRIPTS),
    Route("GET", "/antwoorden", script_list.show_all, Action.EDIT_SCRIPTS),
    Route("POST", "/antwoorden/opmerkingen/{remark}/klaar", script_list.end_remark, Action.EDIT_SCRIPTS),
    Route("GET", "/antwoorden/nieuw", script_editing.show_new, Action.EDIT_SCRIPTS),
    Route("POST", "/antwoorden/nieuw", script_editing.add, Action.EDIT_SCRIPTS),
    Route("POST", "/antwoorden/voorbeeld", script_editing.preview, Action.EDIT_SCRIPTS, keeps_form=False),
    Route("GET", "/antwoorden/{script}", script_editing.show, Action.EDIT_SCRIPTS),
    Route("POST", "/antwoorden/{script}", script_editing.save, Action.EDIT_SCRIPTS),
    Route("GET", "/antwoorden/{script}/versies", script_editing.compare, Action.EDIT_SCRIPTS),
    Route("POST", "/antwoorden/{script}/stand", script_editing.change, Action.EDIT_SCRIPTS),
    Route("GET", "/nummerplan", number_plan.show_all, Action.NUMBER_PLAN),
    Route("POST", "/nummerplan/zoeken", number_plan.search, Action.NUMBER_PLAN, keeps_form=False),
    Route("GET", "/nummerplan.csv", number_plan_files.export, Action.NUMBER_PLAN),
    Route(
        "POST", "/nummerplan/nummers.csv", number_plan_files.export_numbers, Action.EDIT_NUMBER_PLAN, keeps_form=False
    ),
    Route("GET", "/nummerplan/nieuw", number_plan_entry.show_new, Action.EDIT_NUMBER_PLAN),
    Route("POST", "/nummerplan/nieuw", number_plan_entry.add, Action.EDIT_NUMBER_PLAN),
    Route("GET", "/nummerplan/invoeren", number_plan_files.show, Action.EDIT_NUMBER_PLAN),
    Route("POST", "/nummerplan/invoeren", number_plan_files.look, Action.EDIT_NUMBER_PLAN, keeps_form=False),
    Route("POST", "/nummerplan/invoeren/doen", number_plan_files.follow, Action.EDIT_NUMBER_PLAN, keeps_form=False),
    Route("GET", "/nummerplan/nummer/{entry}", number_plan_entry.show, Action.NUMBER_PLAN),
    Route("POST", "/nummerplan/nummer/{entry}", number_plan_entry.change, Action.EDIT_NUMBER_PLAN),
    Route("POST", "/nummerplan/nummer/{entry}/verwijderen", number_plan_entry.remove, Action.EDIT_NUMBER_PLAN),
    Route("POST", "/terugbellen", callbacks.promise, Action.CALLBACKS),
    Route("POST", "/terugbellen/bel", callbacks.call, Action.CALLBACKS),
    Route("POST", "/terugbellen/controle", callbacks.check, Action.CALLBACKS, keeps_form=False),
    Route("GET", "/terugbellen/nieuw", promises.show, Action.CALLBACKS),
    Route("POST", "/terugbellen/nieuw", promises.promise, Action.CALLBACKS),
    Route("POST", "/terugbellen/nieuw/controle", promises.check, Action.CALLBACKS, keeps_form=False),
    Route("GET", "/terugbellen/{reference}", callbacks.show, Action.CALLBACKS),
    Route("GET", "/medewerkers", staff.show_all, Action.STAFF),
    Route("GET", "/medewerkers/{number}", staff.show, Action.STAFF),
    Route("POST", "/medewerkers/{number}/stand", staff.change_state, Action.STEER),
    Route("POST", "/medewerkers/{number}/ontgrendelen", staff.unlock, Action.STEER),
    Route("POST", "/medewerkers/{number}/doorverbinden", staff.allow_transfer, Action.STEER),
    Route("GET", "/terugbelverzoeken", requests.show_all, Action.REQUESTS),
    Route("GET", "/terugbelverzoeken.csv", open_requests_export.export, Action.REQUESTS),
    Route("POST", "/terugbelverzoeken", requests.change_many, Action.CHANGE_REQUESTS),
    Route("GET", "/terugbelverzoeken/overdragen", reassign.show, Action.REQUESTS),
    Route("POST", "/terugbelverzoeken/overdragen", reassign.give, Action.CHANGE_REQUESTS),
    Route("GET", "/terugbelverzoeken/gesloten", closed_requests.show_all, Action.REQUESTS),
    Route("GET", "/terugbelverzoeken/gesloten.csv", closed_requests.export, Action.REQUESTS),
    Route("POST", "/terugbelverzoeken/gesloten/redenen", closed_requests.show_reasons, Action.SEE_NUMBER),
    Route(
        "POST",
        "/terugbelverzoeken/gesloten/nummers.csv",
        closed_requests.export_personal,
        Action.SEE_NUMBER,
        keeps_form=False,
    ),
    Route("GET", "/terugbelverzoeken/{reference}", requests.show, Action.REQUESTS),
    Route("POST", "/terugbelverzoeken/{reference}/nummer", requests.show_number, Action.SEE_NUMBER),
    Route("GET", "/gesprekken", calls.show_all, Action.CALLS),
    Route("GET", "/gesprekken.csv", calls_export.export, Action.CALLS),
    Route("POST", "/gesprekken/nummers.csv", calls_export.export_numbers, Action.SEE_NUMBER, keeps_form=False),
    Route("GET", "/gesprekken/{call}", calls.show, Action.CALLS),
    Route("POST", "/gesprekken/{call}/nummer", calls.show_number, Action.SEE_NUMBER),
    Route("GET", "/cijfers", figures.show, Action.FIGURES),
    Route("GET", "/cijfers.csv", figures.export, Action.FIGURES),
    Route("GET", "/calamiteiten", calamities.show, Action.CALAMITY),
    Route("POST", "/calamiteiten", calamities.set_on, Action.CALAMITY),
    Route("POST", "/calamiteiten/einde", calamities.end, Action.CALAMITY),
    Route("POST", "/calamiteiten/luister", calamities.listen, Action.CALAMITY, keeps_form=False),
    Route("POST", "/calamiteiten/sluiten", calamities.close_early, Action.CLOSE_EARLY),
    Route("POST", "/calamiteiten/open", calamities.open_again, Action.CLOSE_EARLY),
    Route("GET", "/deelname", participation.show, Action.PARTICIPATION),
    Route("GET", "/deelname.csv", participation.export, Action.PARTICIPATION),
    Route("GET", "/wandbord", boards.choose, Action.BOARD),
    Route("GET", "/wandbord/toon", boards.show, Action.BOARD),
    Route("POST", "/wandbord/adres", boards.add_address, Action.BOARD_ADDRESSES),
    Route("POST", "/wandbord/adres/{board}/beeindigen", boards.end_address, Action.BOARD_ADDRESSES),
    Route("POST", "/uitloggen", account.log_out, Action.OWN_ACCOUNT, keeps_form=False),
    Route("GET", "/account", account.show, Action.OWN_ACCOUNT),
    Route("POST", "/account/wachtwoord", account.change_password, Action.OWN_ACCOUNT, keeps_form=False),
    Route("POST", "/account/sessies/{session}/beeindigen", account.end_session, Action.OWN_ACCOUNT),
    Route("GET", "/account/passkeys", passkeys.show, Action.OWN_ACCOUNT),
    Route("POST", "/account/passkeys", passkeys.add, Action.OWN_ACCOUNT, keeps_form=False),
    Route("POST", "/account/passkeys/nieuw", passkeys.begin, Action.OWN_ACCOUNT, keeps_form=False),
    Route("POST", "/account/passkeys/{passkey}/verwijderen", passkeys.remove, Action.OWN_ACCOUNT),
    Route("GET", "/auditlog", audit.show, Action.AUDIT),
    Route("GET", "/accounts", accounts.show_all, Action.LIST_ACCOUNTS),
    Route("POST", "/accounts", account_changes.add, Action.GIVE_ROLES),
    Route("POST", "/accounts/{login}/rollen", account_changes.give_role, Action.GIVE_ROLES),
    Route("POST", "/accounts/{login}/rollen/afnemen", account_changes.take_role, Action.GIVE_ROLES),
    Route("POST", "/accounts/{login}/nummer", account_changes.link_operator, Action.CHANGE_ACCOUNTS),
    Route("POST", "/accounts/{login}/inlogdienst", account_changes.link_subject, Action.CHANGE_ACCOUNTS),
    Route("POST", "/accounts/{login}/blokkeren", account_changes.lock, Action.CHANGE_ACCOUNTS),
    Route("POST", "/accounts/{login}/deblokkeren", account_changes.unlock, Action.CHANGE_ACCOUNTS),
    Route("POST", "/accounts/{login}/startlink", account_changes.reset, Action.CHANGE_ACCOUNTS),
    Route("POST", "/accounts/{login}/code", account_changes.forget_factor, Action.CHANGE_ACCOUNTS),
    Route("GET", "/accounts/{login}", accounts.show, Action.LIST_ACCOUNTS),
    Route("POST", "/accounts/{login}/sessies/{session}/beeindigen", accounts.end_session, Action.END_SESSIONS),
)

FOR_SERVERS = frozenset((route.method, route.path) for route in OPEN_ROUTES if route.is_for_servers)
