"""docs/api.md: every resource and scope is in it, and its examples fit the document of the API."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from ari_app.core.access import ApiScope
from ari_app.web.api.openapi import document
from ari_app.web.api.operations import OPERATIONS

pytestmark = pytest.mark.pure

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"```http\n(?P<method>[A-Z]+) /api/v1(?P<path>[^\s?]+)\S*\n(?:\n(?P<body>[^\n]+)\n)?```\n"
    r"```json\n(?P<answer>.+?)```",
    re.DOTALL,
)
EXAMPLES = [found.groupdict() for found in EXAMPLE.finditer(TEXT)]
DOCUMENT = document(OPERATIONS, "https://kcc.example")


def row_of(example: dict[str, str]) -> dict[str, Any]:
    for path, rows in DOCUMENT["paths"].items():
        pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, example["path"]) and example["method"].lower() in rows:
            found: dict[str, Any] = rows[example["method"].lower()]
            return found
    raise AssertionError(f"no such operation: {example}")


def fits(schema: dict[str, Any], value: object) -> None:
    OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one['method']} {one['path']}")
def test_an_example_is_what_the_product_sends(example: dict[str, str]) -> None:
    row, answer = row_of(example), json.loads(example["answer"])
    if example["body"]:
        fits(row["requestBody"]["content"]["application/json"]["schema"], json.loads(example["body"]))
    if "status" in answer:
        fits({"$ref": "#/components/schemas/Problem"}, answer)
        assert str(answer["status"]) in row["responses"]
        return
    (good,) = {json.dumps(one["content"]) for status, one in row["responses"].items() if status < "300"}
    fits(json.loads(good)["application/json"]["schema"], answer)


def test_every_resource_and_every_scope_is_explained() -> None:
    assert len(EXAMPLES) >= 15
    assert [scope for scope in ApiScope if f"`{scope}`" not in TEXT] == []
    tags = {operation.tag for operation in OPERATIONS}
    assert [tag for tag in tags if f"# {tag.title()}\n" not in TEXT] == []
    words = [operation.path.rpartition("/")[2] for operation in OPERATIONS]
    assert [word for word in words if word not in TEXT] == []
