"""The table of operations against the description that the Asterisk in use brings along."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.operations import OPERATIONS, snake
from ari_app.local.asterisk_root import AsteriskProgram

pytestmark = pytest.mark.asterisk

Description = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def described(asterisk_program: AsteriskProgram) -> Description:
    """Asterisk's operations by our names."""
    found = {}
    directory = asterisk_program.data_dir / "rest-api"
    for listed in json.loads((directory / "resources.json").read_text())["apis"]:
        resource = listed["path"].removeprefix("/api-docs/").removesuffix(".{format}")
        for api in json.loads((directory / f"{resource}.json").read_text())["apis"]:
            for operation in api["operations"]:
                found[f"{snake(resource)}.{snake(operation['nickname'])}"] = {**operation, "path": api["path"]}
    return found


def parameters(operation: dict[str, Any], place: str) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each["paramType"] == place}


def test_every_operation_is_in_the_table_and_no_other(described: Description) -> None:
    assert set(OPERATIONS) == set(described)
    assert len(described) > 100


def test_verbs_and_paths(described: Description) -> None:
    assert {name: (each["httpMethod"], each["path"]) for name, each in described.items()} == {
        name: (operation.verb, operation.path) for name, operation in OPERATIONS.items()
    }


def test_parameters_and_where_they_stand(described: Description) -> None:
    for name, operation in OPERATIONS.items():
        assert set(operation.path_names) == {snake(each) for each in parameters(described[name], "path")}, name
        assert set(operation.query.split()) == parameters(described[name], "query"), name
        assert set(operation.body.split()) == parameters(described[name], "body"), name


def test_what_asterisk_needs_our_methods_ask_for(described: Description) -> None:
    ari = AriClient("http://127.0.0.1/ari", "u", "p")
    for name, operation in described.items():
        if name == "events.event_websocket":
            continue
        resource, _, method = name.partition(".")
        signature = inspect.signature(getattr(getattr(ari, resource), method))
        needed = {snake(each["name"]) for each in operation.get("parameters", []) if each.get("required")}
        asked = {each.name for each in signature.parameters.values() if each.default is each.empty}
        assert needed <= asked | set(OPERATIONS[name].path_names), name
        assert (operation["responseClass"] == "void") == (signature.return_annotation == "None"), name


def test_every_event_that_we_decode_exists(asterisk_program: AsteriskProgram) -> None:
    models = json.loads((asterisk_program.data_dir / "rest-api" / "events.json").read_text())["models"]
    assert set(models) >= DECODED
