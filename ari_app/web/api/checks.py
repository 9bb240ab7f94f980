"""The parameters and the body of a request, by the shapes of its operation; everything wrong is said together."""

from __future__ import annotations

from aiohttp import web
from pydantic import ValidationError

from ari_app.web.api.problems import ApiProblem, invalid, param, params_of
from ari_app.web.api.shapes import Body, Query
from ari_app.web.api.table import Operation

JSON_TYPE = "application/json"


def read_query(operation: Operation, request: web.Request) -> Query:
    """Raises ApiProblem, also for a parameter that nobody knows, or one that is there twice."""
    query, wrong = request.query, []
    wrong += [param(name, "repeated") for name in dict.fromkeys(query) if len(query.getall(name)) > 1]
    known = {field.alias or name for name, field in operation.query.model_fields.items()}
    wrong += [param(name, "extra_forbidden") for name in dict.fromkeys(query) if name not in known]
    values = {name: query[name] for name in query if name in known}
    try:
        found = operation.query.model_validate(values)
    except ValidationError as error:
        raise invalid(*wrong, *params_of(error)) from None
    if wrong:
        raise invalid(*wrong)
    return found


async def read_body(operation: Operation, request: web.Request) -> Body | None:
    """Raises ApiProblem, HTTPRequestEntityTooLarge."""
    if operation.body is None:
        return None
    if request.content_type != JSON_TYPE:
        raise ApiProblem(415, f"Stuur de inhoud als {JSON_TYPE}.", "media_type")
    sent = await request.read()
    try:
        return operation.body.model_validate_json(sent)
    except ValidationError as error:
        raise invalid(*params_of(error)) from None
