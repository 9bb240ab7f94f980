"""Rows of the audit log in words: Dutch, B1. Never a PIN, and no number of a citizen. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ari_app.core.access import Role
from ari_app.storage.accounts.deeds import Deed
from ari_app.web.names import Names
from ari_app.web.rendering import ROLE_WORDS

DEEDS: Mapping[str, str] = {
    "call.number_shown": "bekeek het nummer van een beller",
    "calls.numbers_exported": "downloadde nummers van bellers",
    "callback.number_shown": "bekeek het nummer van een terugbelverzoek",
    "callback.promised": "schreef een terugbelverzoek op",
    "callbacks.reasons_shown": "bekeek waarom terugbelverzoeken zijn afgesloten",
    "callbacks.numbers_exported": "downloadde nummers van terugbelverzoeken",
    "person.list": "zocht op wat er van een nummer bewaard is",
    "person.erase": "wiste wat er van een nummer bewaard was",
    "login": "logde in",
    "session.end": "beëindigde een login",
    "account.first_login": "logde voor het eerst in",
    "account.password": "koos een ander wachtwoord",
    "account.add": "maakte een account",
    "account.role_add": "gaf een rol",
    "account.role_remove": "nam een rol af",
    "account.reset": "gaf een nieuwe startlink",
    "account.factor_reset": "haalde de code op de telefoon van een account weg",
    "account.factor_set": "stelde een nieuwe code op de telefoon in",
    "account.passkey_add": "voegde een passkey toe",
    "account.passkey_remove": "verwijderde een passkey",
    "account.forget": "maakte een account ruimer: het wachtwoord van ervoor werkt niet meer",
    "account.lock": "blokkeerde een account",
    "account.unlock": "deblokkeerde een account",
    "account.subject": "koppelde een account aan een inlogdienst",
    "account.subject_remove": "haalde de koppeling van een account met een inlogdienst weg",
    "account.operator": "gaf een account een ander nummer aan de telefoon",
    "account.forget_failures": "hief het wachten op bij inloggen",
    "operator.unlock": "hief het wachten op aan de telefoon",
    "phone.unlock": "hief het wachten op van een toestel",
    "operator.make_ready": "zette een medewerker op klaar",
    "operator.make_pause": "zette een medewerker op pauze",
    "operator.log_out": "meldde een medewerker af",
    "transfer_allowed": "stond nog een keer doorverbinden toe",
    "calamity.set": "zette een calamiteit aan",
    "calamity.end": "beëindigde een calamiteit",
    "municipality.close_early": "sloot vandaag eerder",
    "municipality.open_again": "maakte eerder sluiten ongedaan",
    "board.add": "maakte een adres voor een wandbord",
    "board.end": "beëindigde het adres van een wandbord",
    "token.add": "maakte een token voor een programma",
    "token.end": "beëindigde een token",
    "script.add": "schreef een nieuw antwoord",
    "script.save": "veranderde een antwoord",
    "script.review": "liet een antwoord nalezen",
    "script.publish": "publiceerde een antwoord",
    "script.withdraw": "trok een antwoord in",
    "script.own": "werd eigenaar van een antwoord",
    "script.import": "las antwoorden in",
    "script.synonyms": "las synoniemen in",
    "area.import": "las een gebiedsbestand in",
    "directory.import": "las een nummerplan in",
    "directory.change": "veranderde een nummer in het nummerplan",
    "directory.remove": "haalde een nummer uit het nummerplan",
    "directory.numbers_exported": "downloadde een nummerplan met nummers",
}
#: what can be chosen, and the actions of each: whole ones, or the word before the full stop
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "inzien": (
        "Nummers van burgers bekeken",
        ("call.number_shown", "calls.numbers_exported", "callback.number_shown", "callbacks", "person"),
    ),
    "inloggen": (
        "Inloggen",
        (
            "login",
            "session",
            "account.first_login",
            "account.password",
            "account.factor_set",
            "account.passkey_add",
            "account.passkey_remove",
        ),
    ),
    "accounts": ("Accounts en rechten", ("account",)),
    "medewerkers": ("Medewerkers en doorverbinden", ("operator", "phone", "transfer_allowed")),
    "terugbellen": ("Terugbelverzoeken opgeschreven", ("callback.promised",)),
    "calamiteiten": ("Calamiteiten en sluiten", ("calamity", "municipality")),
    "programmas": ("Wandborden en programma's", ("board", "token")),
    "antwoorden": ("Antwoorden", ("script",)),
    "gebied": ("Gebied en nummerplan", ("area", "directory")),
}
_LABELS = {
    "account": "account",
    "call": "gesprek",
    "call_id": "gesprek",
    "reference": "terugbelverzoek",
    "name": "naam",
    "token": "token",
    "entry": "nummer in het nummerplan",
    "reason": "reden",
    "count": "aantal gesprekken",
    "requests_count": "aantal verzoeken",
    "entries_count": "aantal nummers",
}
#: made by us; all others are free text
_CODES = {"call", "call_id", "reference", "count", "requests_count", "entries_count"}
_ROLES = {role.value for role in Role}
#: what stands before the name of whoever is no account
_KINDS = {"service": "programma", "console": "op de server:", "provider": "inlogdienst"}
#: as many digits as a PIN or a number may have
_DIGITS = re.compile(r"\+?\d(?:[ .-]?\d){3,}")
HIDDEN_DIGITS = "•••"


def deed_words(deed: Deed) -> str:
    """What was done; of something new its code."""
    return DEEDS.get(deed.action, deed.action)


def actor_words(deed: Deed) -> str:
    """An account by its name to log in, a program by that of its token; and who typed it on the server."""
    if not deed.is_own and not deed.actor_is_known:
        return "iemand van een andere gemeente"
    kind, separator, name = deed.actor.partition(":")
    if not separator:
        return without_digits(kind)
    # The address of a provider is of the settings: nobody typed a number in it.
    shown = name if kind == "provider" else without_digits(name)
    return f"{_KINDS[kind]} {shown}" if kind in _KINDS else shown


def name_of(shown: str) -> str:
    """What stands behind the words before it, so that a name is found as `actor_words` shows it."""
    for word in _KINDS.values():
        if shown.lower().startswith(f"{word} "):
            return shown[len(word) :].strip()
    return shown


def about_words(deed: Deed, names: Names) -> str:
    """What it was about, of the details that may be shown: a list, separated by commas."""
    detail, found = deed.detail, list[str]()
    town, team, operator = (_text(detail, key) for key in ("municipality", "team", "operator"))
    if town is not None:
        found.append(names.town(town))
    if team is not None:
        found.append(names.team(team))
    if operator is not None:
        found.append(names.operator(operator))
    role, _, whose = (_text(detail, "role") or "").partition(":")
    if role in _ROLES:
        of = names.town(whose) if whose in names.area.municipalities else names.team(whose) if whose else "hele groep"
        found.append(f"rol {ROLE_WORDS[Role(role)]} ({of})")
    for key, label in _LABELS.items():
        value = detail.get(key)
        text = "" if value is None or isinstance(value, bool) else str(value)
        is_code = key in _CODES
        if text and (is_code or deed.is_own) and names.hidden.shown(text) is not None:
            found.append(f"{label} {text if is_code else without_digits(text)}")
    return ", ".join(found)


def without_digits(text: str) -> str:
    """Free text: whoever wrote it may have written a number in it."""
    return _DIGITS.sub(HIDDEN_DIGITS, text)


def _text(detail: Mapping[str, object], key: str) -> str | None:
    value = detail.get(key)
    return value if isinstance(value, str) and value else None
