"""The document: valid OpenAPI 3.1, by the Design Rules, and of the very table that the requests are checked by."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from ari_app.core.access import TOKENS_MAY, ApiScope
from ari_app.web.api.openapi import document
from ari_app.web.api.operations import OPERATIONS

pytestmark = pytest.mark.pure

DOCUMENT = document(OPERATIONS, "https://kcc.example")
ROWS = [(path, method, row) for path, rows in DOCUMENT["paths"].items() for method, row in rows.items()]


def test_it_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_row_of_the_table_is_in_it_and_needs_a_scope_of_a_token() -> None:
    assert [(path, method.upper()) for path, method, _ in sorted(ROWS, key=str)] == sorted(
        ((one.path, one.method) for one in OPERATIONS), key=str
    )
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert {TOKENS_MAY[one.actions[0]] for one in OPERATIONS} == set(ApiScope)


@pytest.mark.parametrize(("path", "method", "row"), ROWS, ids=[f"{m} {p}" for p, m, _ in ROWS])
def test_each_operation_follows_the_design_rules(path: str, method: str, row: dict[str, Any]) -> None:
    assert re.fullmatch(r"(/[a-z]+(-[a-z]+)*|/\{[a-z]+\})+", path), "small letters, and no slash at the end"
    assert "400" in row["responses"] and "401" in row["responses"] and "429" in row["responses"]
    for status, response in row["responses"].items():
        if status < "400":
            assert "API-Version" in response["headers"]
    for one in row["parameters"]:
        assert one["in"] != "query" or re.fullmatch(r"[a-z][a-zA-Z]*", one["name"]), one
    if method in ("post", "put"):
        assert {"403", "413", "415"} <= set(row["responses"])


def test_names_of_shapes_and_fields_are_as_the_design_rules_want_them() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Z][A-Za-z]*", name), name
        for field, one in schema.get("properties", {}).items():
            assert re.fullmatch(r"_?[a-z][A-Za-z]*", field), f"{name}.{field}"
            assert field == "datum" or not field.endswith("Datum") or one["format"] == "date"


def test_errors_are_problems() -> None:
    for response in DOCUMENT["components"]["responses"].values():
        assert list(response["content"]) == ["application/problem+json"]
    assert DOCUMENT["servers"] == [{"url": "https://kcc.example/api/v1"}]
