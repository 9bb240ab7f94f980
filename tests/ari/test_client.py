"""Every operation of the table has a method that sends just what it was given."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.operations import OPERATIONS, Operation, snake
from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk

pytestmark = pytest.mark.pure

#: the socket is the stream's; the one argument of get_info decides what comes back, so it is not the caller's
NOT_METHODS = {"events.event_websocket"}
FIXED = {"asterisk.get_info": {"only"}}
METHODS = sorted(set(OPERATIONS) - NOT_METHODS)
#: arguments that are not text
VALUES: dict[str, object] = {
    **dict.fromkeys(["mute", "absorb_dtmf", "inhibit_connected_line_updates", "report_events", "beep"], False),
    **dict.fromkeys(["to_self"], True),
    **dict.fromkeys(["timeout", "priority", "offsetms", "skipms", "before", "between", "duration", "after"], 0),
    **dict.fromkeys(["max_duration_seconds", "max_silence_seconds", "reason_code", "old_messages", "new_messages"], 3),
    **dict.fromkeys(["media", "channel", "event_source", "source"], ["one", "two"]),
    "fields": {"a": "b"},
    "filter": {"allowed": []},
}
AS_TEXT = {False: "false", True: "true"}


def method(ari: AriClient, name: str) -> Callable[..., Awaitable[object]]:
    resource, _, operation = name.partition(".")
    found = getattr(getattr(ari, resource), operation)
    assert callable(found)
    return found  # type: ignore[no-any-return]


def value_for(operation: Operation, argument: str) -> Any:
    if argument == "variables":
        return {"A": "1"} if operation.body else ["A", "B"]
    return VALUES.get(argument, f"<{argument}>")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_the_operations_arguments_and_no_others(name: str) -> None:
    operation = OPERATIONS[name]
    parameters = inspect.signature(method(AriClient("http://127.0.0.1/ari", "u", "p"), name)).parameters
    by_name = {key for key, _ in (*operation.query_names, *operation.body_names)} - FIXED.get(name, set())
    assert {p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY} == by_name
    assert tuple(p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD) == operation.path_names


def test_there_is_no_method_besides() -> None:
    ari = AriClient("http://127.0.0.1/ari", "u", "p")
    found = {
        f"{resource}.{name}"
        for resource, group in vars(ari).items()
        if resource != "transport"
        for name, _ in inspect.getmembers(group, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert found == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
async def test_each_argument_is_sent_under_aris_own_name(name: str) -> None:
    operation = OPERATIONS[name]
    names = [*operation.path_names, *(key for key, _ in (*operation.query_names, *operation.body_names))]
    arguments = {key: value_for(operation, key) for key in names if key not in FIXED.get(name, set())}
    async with FakeAsterisk() as asterisk, AriClient(asterisk.url, USER, PASSWORD) as ari:
        await method(ari, name)(**arguments)
    (request,) = asterisk.requests
    assert request.operation == name
    assert {snake(key): value for key, value in request.path.items()} == {
        key: arguments[key] for key in operation.path_names
    }
    expected = {}
    for key, ari_name in operation.query_names:
        value = arguments.get(key)
        if isinstance(value, list):
            value = ",".join(value)
        elif isinstance(value, bool):
            value = AS_TEXT[value]
        expected[ari_name] = str(value)
    if name in FIXED:
        assert set(request.query) == FIXED[name]
    else:
        assert dict(request.query) == expected
    if operation.body == "filter":
        assert request.body == arguments["filter"]
    elif operation.body == "fields":
        assert request.body == {"fields": [{"attribute": "a", "value": "b"}]}
    else:
        assert request.body == {ari_name: arguments[key] for key, ari_name in operation.body_names}


@pytest.mark.parametrize("name", METHODS)
async def test_nothing_is_sent_that_was_not_given(name: str) -> None:
    ari = AriClient("http://127.0.0.1/ari", "u", "p")
    parameters = inspect.signature(method(ari, name)).parameters.values()
    operation = OPERATIONS[name]
    needed = {p.name: value_for(operation, p.name) for p in parameters if p.default is p.empty}
    async with FakeAsterisk() as asterisk, AriClient(asterisk.url, USER, PASSWORD) as ari:
        await method(ari, name)(**needed)
    (request,) = asterisk.requests
    sent = {snake(key) for key in (*request.path, *request.query, *request.body)} - FIXED.get(name, set())
    assert sent == (set(needed) if operation.body != "filter" else {"application_name", "allowed"})


async def test_answers_are_values_of_our_own() -> None:
    async with FakeAsterisk() as asterisk, AriClient(asterisk.url, USER, PASSWORD) as ari:
        assert [each.id for each in await ari.channels.list()] == ["chan-1"]
        assert (await ari.bridges.get("talk-1")).type == "mixing"
        assert (await ari.asterisk.get_info()).system_name == "node1"
        assert (await ari.endpoints.get("PJSIP", "phone01")).state == "online"
        assert (await ari.playbacks.get("play-1")).state == "queued"
        assert (await ari.channels.get_channel_vars("chan-1", variables=["A"])) == {"A": "v"}
        assert (await ari.channels.rtpstatistics("chan-1")).received_jitter == 0.5
        assert (await ari.sounds.list())[0].formats == (("en", "gsm"),)
        assert await ari.recordings.get_stored_file("rec-1") == b'{"file": "bytes"}'
        assert (await ari.mailboxes.get("m")).new_messages == 2


@pytest.mark.parametrize(
    ("name", "snaked"),
    [("addChannel", "add_channel"), ("absorbDTMF", "absorb_dtmf"), ("sendDTMF", "send_dtmf"), ("from", "from_")],
)
def test_names_in_pythons_spelling(name: str, snaked: str) -> None:
    assert snake(name) == snaked
