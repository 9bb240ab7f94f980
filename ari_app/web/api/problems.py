"""Every error as a problem (RFC 9457): what is wrong in words, and in codes that a program can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import ValidationError

from ari_app.web.api.shapes import InvalidParam, Problem

PROBLEM_TYPE = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "Het verzoek klopt niet",
    401: "Niet aangemeld",
    403: "Dit mag niet",
    404: "Niet gevonden",
    405: "Dit kan hier niet",
    409: "Dit kan nu niet",
    413: "Te groot",
    415: "Een ander soort inhoud",
    417: "Dit wordt hier niet verwacht",
    429: "Te veel verzoeken",
    500: "Er ging bij ons iets mis",
    503: "Tijdelijk niet bereikbaar",
}
LONGEST_NAME = 60
#: what is said of a field; anything that was sent may be personal, and is not repeated
_WORDS: Mapping[str, str] = {
    "missing": "Dit ontbreekt.",
    "extra_forbidden": "Dit kennen wij niet.",
    "repeated": "Dit staat er meer dan een keer.",
    "json_invalid": "Dit is geen JSON.",
    "string_too_long": "Dit is te lang.",
    "string_too_short": "Dit is te kort.",
    "string_pattern_mismatch": "Hier staan tekens in die niet kunnen.",
    "enum": "Dit is geen van de waarden die kunnen.",
    "literal_error": "Dit is geen van de waarden die kunnen.",
    "uuid_parsing": "Dit is geen UUID.",
    "instant": "Dit is geen tijdstip met tijdzone, zoals 2026-11-29T15:00:00Z.",
    "cursor": "Dit is geen cursor van ons.",
    "position": "Dit is geen id van een gebeurtenis van ons.",
    "no_operator": "Bij dit token of account hoort geen medewerker.",
    "unknown": "Dit is er niet, of het is niet van u.",
    "one_of_both": "Kies een van beide: team of medewerker.",
    "unspeakable": "Deze tekst kan niet worden voorgelezen.",
    "too_early": "Dit moet na het begin liggen, en nog komen.",
    "call_or_town": "Kies een van beide: gesprek of gemeente.",
    "only_without_call": "Dit hoort bij een verzoek zonder gesprek.",
    "first_contact": "Dit moet voorbij zijn, en hooguit 31 dagen geleden.",
    "only_open": "Dit hoort bij open verzoeken (status=open).",
    "only_closed": "Dit hoort bij gesloten verzoeken (status=gesloten).",
    "not_today": "Dit moet vandaag zijn.",
    "period": "Dit is geen periode. Kies bijvoorbeeld vandaag, 2026-11-23, 2026-W48, 2026-11 of 2026.",
    "choose_town": "Kies een gemeente: van zoveel gemeenten samen kan dit niet.",
    "characters": "Hier staan tekens in die niet kunnen.",
    # of a number that is not called back (`core.tariffs`)
    "not_a_number": "Dit is geen telefoonnummer.",
    "paid": "Dit nummer kost extra geld. Dat bellen wij niet terug.",
    "satellite": "Dit nummer kost extra geld. Dat bellen wij niet terug.",
    "short": "Dit is een kort nummer of een 14-nummer. Dat bellen wij niet terug.",
    "abroad": "Dit is een nummer in het buitenland. Dat bellen wij niet terug.",
    "served": "Dit is een nummer van onszelf. Vraag een ander nummer.",
}


@dataclass
class ApiProblem(Exception):
    """Ends a request; nothing of it is in a log."""

    status: int
    detail: str
    code: str | None = None
    invalid_params: tuple[InvalidParam, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status}: {self.detail}"


def response_of(problem: ApiProblem) -> web.Response:
    shape = Problem(
        title=TITLES.get(problem.status, "Er ging iets mis"),
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        invalid_params=list(problem.invalid_params) or None,
    )
    text = shape.model_dump_json(by_alias=True, exclude_none=True)
    return web.Response(text=text, status=problem.status, content_type=PROBLEM_TYPE, headers=dict(problem.headers))


def invalid(*params: InvalidParam) -> ApiProblem:
    """All that is wrong with a request, together."""
    return ApiProblem(400, "Een of meer waarden kloppen niet.", "invalid", params)


def param(name: str, code: str) -> InvalidParam:
    shown = "".join(character for character in name if character.isprintable())[:LONGEST_NAME]
    return InvalidParam(name=shown, code=code, reason=_WORDS.get(code, "Dit klopt niet."))


def params_of(error: ValidationError) -> Iterable[InvalidParam]:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        yield param(".".join(map(str, one["loc"])), one["type"])


def not_found() -> ApiProblem:
    """Of what is not there, and of what is not the asker's to know: the same words."""
    return ApiProblem(404, "Dit is er niet, of het is niet van u.", "not_found")


def forbidden(detail: str = "Uw rechten zijn daarvoor niet genoeg.") -> ApiProblem:
    return ApiProblem(403, detail, "forbidden")
