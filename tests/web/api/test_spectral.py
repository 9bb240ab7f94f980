"""The document before Spectral: its own rules, and the NL API Design Rules as far as a document shows them."""

from __future__ import annotations

import copy
import json
import subprocess
from typing import Any

import pytest

from ari_app.local import assets
from ari_app.web.api.openapi import document
from ari_app.web.api.operations import OPERATIONS
from tests import machine

pytestmark = pytest.mark.postgres  # not pure: Node and npm are fetched where there are none

DOCUMENT = document(OPERATIONS, "https://kcc.example", "beheer@kcc.example")


def findings(described: dict[str, Any]) -> list[dict[str, str]]:
    command = [*assets.node(), str(machine.TOOLS / "lint-openapi.mjs")]
    directory = machine.npm_tools()
    done = subprocess.run(
        command, cwd=directory, input=json.dumps(described), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_nothing_is_found_hints_included() -> None:
    assert findings(DOCUMENT) == []


def test_what_breaks_the_design_rules_is_found() -> None:
    broken = copy.deepcopy(DOCUMENT)
    calls = broken["paths"].pop("/gesprekken")
    broken["paths"]["/Gesprekken_lijst"] = calls
    broken["servers"] = [{"url": "http://kcc.example/api"}]
    broken["info"]["version"] = "een"
    get = calls["get"]
    del get["security"], get["summary"]
    get["parameters"][0]["name"] = "Aantal_Rijen"
    get["responses"]["200"]["headers"] = {}
    calls["head"] = {**get, "operationId": "andere"}
    broken["components"]["schemas"]["klein"] = {"type": "object", "properties": {"Veld_Naam": {"type": "string"}}}
    get["responses"]["400"] = {"description": "fout", "content": {"application/json": {"schema": {"type": "string"}}}}
    assert {one["code"] for one in findings(broken) if one["code"].startswith("adr-")} == {
        "adr-fields",
        "adr-https",
        "adr-methods",
        "adr-parameters",
        "adr-paths",
        "adr-problems",
        "adr-schemas",
        "adr-security",
        "adr-summaries",
        "adr-uri-version",
        "adr-version",
        "adr-version-header",
    }
