"""`openapi.json` (OpenAPI 3.1), made of the table of operations."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ari_app.core.access import MAY, TOKENS_MAY
from ari_app.web.api.problems import PROBLEM_TYPE, TITLES
from ari_app.web.api.shapes import Problem
from ari_app.web.api.table import PREFIX, Operation

VERSION = "1.0.0"
IDEMPOTENCY = "Idempotency-Key"
_REF = "#/components/schemas/{model}"
_HEADER = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
#: of parameters in paths; each is a string that names one thing
_PATH_WORDS = {
    "id": "De UUID van het gesprek.",
    "code": "De code van de vermelding.",
    "nummer": "Het nummer van de medewerker, of `ik`.",
    "kenmerk": "Het kenmerk van het terugbelverzoek, zoals de beller het hoorde.",
}
#: of parameters of lists, by their names
_QUERY_WORDS = {
    "aantal": "Zo veel hooguit op een pagina.",
    "cursor": "Waar de vorige pagina ophield: neem `_links.next.href` over zoals die is.",
    "gemeente": "Alleen van de gemeente met deze code.",
    "geslotenHoe": "Alleen wat zo is afgesloten (met `status=gesloten`).",
    "medewerker": "Alleen van deze medewerker: een nummer, of `ik`.",
    "nummer": "Alleen van gesprekken naar dit nummer, zoals het gebeld werd.",
    "per": "Ook elke meetwaarde van elke gemeente, elk team, elk nummer, of elke stap van de periode.",
    "periode": "Een dag, week, maand of jaar, of dagen: vandaag, 2026-W48, 2026-11, 2026-11-01..2026-11-15.",
    "risico": "Alleen wat risico loopt (`true`), of alleen wat dat niet doet (`false`).",
    "soort": "Alleen vermeldingen van deze soort.",
    "status": "Alleen wat bezig is of open staat, of alleen wat voorbij of gesloten is.",
    "team": "Alleen wat voor het team met deze code is; van meetwaarden: wat het als eerste opnam.",
    "toestand": "Alleen medewerkers in deze toestand.",
    "tot": "Alleen wat vóór dit tijdstip binnenkwam, of is afgesloten.",
    "vanaf": "Alleen wat op of na dit tijdstip binnenkwam, of is afgesloten.",
}
_TAG_WORDS = {
    "calamiteiten": "Wat bellers nu eerst horen, en wat gepland is.",
    "doorverbindingen": "Een beller doorverbinden, voor wie die beller heeft.",
    "gebeurtenissen": "Een stroom van wat er verandert.",
    "gesprekken": "Gesprekken, het verloop van elk, en het nummer van de beller.",
    "medewerkers": "Medewerkers en hun toestand.",
    "meetwaarden": "Cijfers van een periode, elk met de definitie.",
    "nummerplan": "Wie en wat er te bereiken is.",
    "openingstijden": "Wanneer gemeenten open zijn.",
    "terugbelverzoeken": "Beloften om terug te bellen.",
    "wachtrijen": "Hoeveel bellers wachten, en hoe lang.",
}


def document(operations: Sequence[Operation], site_url: str, mail: str = "") -> dict[str, Any]:
    """`site_url`: the address of the pages. `mail`: of the people who manage them, where that is known."""
    shapes = {operation.answer for operation in operations if operation.answer is not None}
    bodies = {operation.body for operation in operations if operation.body is not None}
    queries = {operation.query for operation in operations}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(one, "serialization") for one in shapes]
    wanted += [
        (Problem, "serialization"),
        *((one, "validation") for one in bodies),
        *((q, "validation") for q in queries),
    ]
    refs, definitions = models_json_schema(sorted(wanted, key=lambda pair: pair[0].__name__), ref_template=_REF)
    schemas = {
        name: schema
        for name, schema in definitions["$defs"].items()
        if name not in {query.__name__ for query in queries}
    }
    paths: dict[str, Any] = {}
    for operation in operations:
        query = definitions["$defs"].get(operation.query.__name__, {})
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, query, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ari_app",
            "version": VERSION,
            "description": "Gesprekken, medewerkers en terugbelverzoeken van een gedeeld 14+netnummer. "
            "Tijdstippen zijn UTC (RFC 3339). Fouten zijn problem+json (RFC 9457).",
            "license": {"name": "EUPL-1.2", "url": "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"},
            "contact": {"name": "De beheerder van deze installatie", "url": site_url, **_mail(mail)},
        },
        "servers": [{"url": f"{site_url}{PREFIX}"}],
        "tags": [
            {"name": tag, "description": _TAG_WORDS[tag]} for tag in sorted({operation.tag for operation in operations})
        ],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {_problem_name(status): _problem(status) for status in _statuses(operations)},
            "headers": {
                "ApiVersion": {"description": "De versie van de API.", "schema": {"type": "string"}},
                "RetryAfter": {"description": "Zo veel seconden wachten.", "schema": {"type": "integer"}},
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Van `ari-app tokens add`."},
                "sessie": {"type": "apiKey", "in": "cookie", "name": "__Host-sid", "description": "Van de pagina's."},
            },
        },
    }


def _mail(mail: str) -> dict[str, str]:
    return {"email": mail} if mail else {}


def _operation(operation: Operation, query: dict[str, Any], refs: Any) -> dict[str, Any]:
    action = operation.actions[0]
    roles = sorted({role.value for one in operation.actions for role in MAY[one]})
    scopes = [TOKENS_MAY[action].value]
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "description": _PATH_WORDS[name], "schema": {"type": "string"}}
        for name in operation.path_names
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "required": name in query.get("required", ()),
            "description": _QUERY_WORDS[name],
            "schema": {key: value for key, value in schema.items() if key != "title"},
        }
        for name, schema in query.get("properties", {}).items()
    ]
    if operation.is_command:
        parameters.append(
            {
                "name": IDEMPOTENCY,
                "in": "header",
                "required": False,
                "description": "Een UUID naar keuze. Hetzelfde verzoek met dezelfde UUID wordt een keer uitgevoerd.",
                "schema": {"type": "string", "format": "uuid"},
            }
        )
    if operation.media == "text/event-stream":
        parameters.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "De laatste id die gelezen is: wat daarna veranderde komt nog.",
                "schema": {"type": "string", "maxLength": 4000},
            }
        )
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Scope van een token: `{scopes[0]}`. Rollen van een account: {', '.join(roles)}.",
        "tags": [operation.tag],
        "security": [{"token": scopes}, {"sessie": []}],
        "parameters": parameters,
        "responses": _responses(operation, refs),
    }
    if operation.body is not None:
        schema = refs[(operation.body, "validation")]
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _responses(operation: Operation, refs: Any) -> dict[str, Any]:
    schema: Any = {"type": "string"} if operation.answer is None else refs[(operation.answer, "serialization")]
    good = {
        "description": operation.summary,
        "headers": _HEADER,
        "content": {operation.media: {"schema": schema}},
    }
    statuses = [operation.status, 202] if operation.is_command else [operation.status]
    found: dict[str, Any] = {str(status): good for status in sorted(set(statuses))}
    if operation.is_command:
        found["202"] = {**good, "description": "Gevraagd; niemand weet nog of het is uitgevoerd."}
    for status in operation.every_problem:
        found[str(status)] = {"$ref": f"#/components/responses/{_problem_name(status)}"}
    return found


def _statuses(operations: Sequence[Operation]) -> list[int]:
    return sorted({status for operation in operations for status in operation.every_problem})


def _problem_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _problem(status: int) -> dict[str, Any]:
    headers = dict(_HEADER)
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    content = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {"description": TITLES[status], "headers": headers, "content": content}
