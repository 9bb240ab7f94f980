"""Requests as they go over the line, and the meaning of each answer."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ari_app.ari import errors
from ari_app.ari.client import AriClient
from ari_app.ari.operations import OPERATIONS
from ari_app.ari.transport import Argument, encode
from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk, Refusal

pytestmark = pytest.mark.pure


def encoded(name: str, **arguments: Argument) -> tuple[str, object]:
    url, body = encode("http://a/ari", OPERATIONS[name], arguments)
    return url, None if body is None else json.loads(body)


def test_what_is_none_is_left_out_and_what_is_false_is_sent() -> None:
    url, body = encoded("bridges.add_channel", bridge_id="b", channel=["c"], role=None, absorb_dtmf=False, mute=True)
    assert url == "http://a/ari/bridges/b/addChannel?channel=c&absorbDTMF=false&mute=true"
    assert body is None


def test_zero_and_empty_text_are_sent() -> None:
    url, _ = encoded("channels.continue_in_dialplan", channel_id="c", context="", extension="s", priority=0)
    assert url == "http://a/ari/channels/c/continue?context=&extension=s&priority=0"


def test_an_empty_value_empties_a_variable() -> None:
    url, _ = encoded("asterisk.set_global_var", variable="X", value="")
    assert url == "http://a/ari/asterisk/variable?variable=X&value="


def test_without_arguments_there_is_no_question_mark() -> None:
    assert encoded("channels.answer", channel_id="c") == ("http://a/ari/channels/c/answer", None)


def test_several_media_are_one_parameter() -> None:
    url, _ = encoded("channels.play", channel_id="c", media=["sound:/a/b", "digits:12"], playback_id="p")
    assert url == "http://a/ari/channels/c/play?media=sound:/a/b,digits:12&playbackId=p"


@pytest.mark.parametrize("text", ["a b", "x&y=z", "50%", "ü", "a+b", "#", "?", "é\n\u2028", '"Jan" <0201234567>'])
def test_any_text_arrives_as_it_was(text: str) -> None:
    url, _ = encoded("asterisk.set_global_var", variable="X", value=text)
    assert parse_qs(urlsplit(url).query) == {"variable": ["X"], "value": [text]}
    assert url.isascii() and " " not in url and "+" not in url  # a bare plus is a blank to Asterisk


def test_a_path_argument_stays_one_segment() -> None:
    url, _ = encoded("recordings.get_stored", recording_name="day/1 ?&%;..")
    assert url == "http://a/ari/recordings/stored/day%2F1%20%3F%26%25%3B.."


def test_variables_go_into_the_body() -> None:
    url, body = encoded("channels.create", endpoint="PJSIP/phone01", app="a", variables={"CALL_ID": "1", "E": ""})
    assert url == "http://a/ari/channels/create?endpoint=PJSIP/phone01&app=a"
    assert body == {"variables": {"CALL_ID": "1", "E": ""}}


def test_no_variables_is_not_no_answer_to_which() -> None:
    assert encoded("channels.set_channel_vars", channel_id="c", variables={})[1] == {"variables": {}}


def test_the_filter_is_the_body_itself() -> None:
    _, body = encoded("applications.filter", application_name="a", filter={"allowed": [{"type": "Dial"}]})
    assert body == {"allowed": [{"type": "Dial"}]}


def test_arguments_too_long_for_a_request_line_go_into_the_body() -> None:
    media = [f"sound:/a/rather/long/directory/prompt-number-{n}" for n in range(100)]
    url, body = encoded("channels.play_with_id", channel_id="c", playback_id="p", media=media, skipms=0)
    assert url == "http://a/ari/channels/c/play/p"
    assert body == {"media": media, "skipms": 0}


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Endpoint must be specified", errors.BadRequest),
        (400, "Channel not found", errors.NotFound),
        (403, "Forbidden", errors.Unauthorized),
        (404, "Playback not found", errors.NotFound),
        (409, "Bridge with id 'x' already exists", errors.Conflict),
        (409, "Channel not in Stasis application", errors.NotInStasis),
        (412, "Channel in invalid state", errors.Conflict),
        (422, "Channel not in this bridge", errors.Conflict),
        (422, "Channel not in Stasis application", errors.NotInStasis),
        (500, "Allocation failed", errors.ServerError),
        (500, "Failed to queue media for playback", errors.ServerError),
        (503, "Asterisk not ready", errors.ServerError),
        (302, "Elsewhere", errors.UnexpectedAnswer),
    ],
)
async def test_each_refusal_is_its_own_error(
    fake: FakeAsterisk, ari: AriClient, status: int, message: str, kind: type[errors.AriError]
) -> None:
    fake.refusals["channels.answer"].append(Refusal(status, message))
    with pytest.raises(errors.AriError) as caught:
        await ari.channels.answer("chan-1")
    assert type(caught.value) is kind
    assert (caught.value.operation, caught.value.status, caught.value.detail) == ("channels.answer", status, message)
    assert str(caught.value) == f"channels.answer: {status} {message}"


async def test_nobody_to_call_is_not_a_fault_of_the_server(fake: FakeAsterisk, ari: AriClient) -> None:
    for name in ("channels.create", "channels.originate", "channels.originate_with_id"):
        fake.refusals[name].append(Refusal(500, "Allocation failed"))
    with pytest.raises(errors.Unavailable):
        await ari.channels.create(endpoint="PJSIP/phone01", app="a")
    with pytest.raises(errors.Unavailable):
        await ari.channels.originate(endpoint="PJSIP/phone01", app="a")
    with pytest.raises(errors.Unavailable):
        await ari.channels.originate_with_id("chan-1", endpoint="PJSIP/phone01", app="a")


async def test_a_wrong_password_is_said_without_saying_it(fake: FakeAsterisk) -> None:
    async with AriClient(fake.url, USER, "wrong-secret") as ari:
        with pytest.raises(errors.Unauthorized) as caught:
            await ari.asterisk.ping()
    assert "wrong-secret" not in f"{caught.value!s} {caught.value!r}"


async def test_the_password_is_in_no_url(fake: FakeAsterisk, ari: AriClient) -> None:
    await ari.asterisk.ping()
    await (await ari.transport.open_websocket(app="ari_app")).close()
    assert len(fake.requests) == 2
    assert not any(PASSWORD in request.line for request in fake.requests)


async def test_a_broken_read_is_tried_again(fake: FakeAsterisk, ari: AriClient) -> None:
    fake.broken["channels.get"] = 2
    assert (await ari.channels.get("chan-1")).id == "chan-1"
    assert len(fake.requests_for("channels.get")) == 3


async def test_a_read_that_stays_broken_is_given_up(fake: FakeAsterisk, ari: AriClient) -> None:
    fake.broken["channels.get"] = 100
    with pytest.raises(errors.AriUnreachable):
        await ari.channels.get("chan-1")
    assert len(fake.requests_for("channels.get")) <= 6  # aiohttp tries once more by itself on a kept connection


async def test_a_broken_command_is_never_repeated(fake: FakeAsterisk, ari: AriClient) -> None:
    await ari.asterisk.ping()  # there is a kept connection now
    fake.broken["channels.originate"] = 1
    with pytest.raises(errors.AriUnreachable):
        await ari.channels.originate(endpoint="PJSIP/phone01", app="a")
    assert len(fake.requests_for("channels.originate")) == 1


async def test_a_silent_asterisk_is_given_up_in_time(fake: FakeAsterisk) -> None:
    fake.freeze()
    async with AriClient(fake.url, USER, PASSWORD, timeout_seconds=1.0) as ari:
        with pytest.raises(errors.NoAnswer, match=r"channels\.answer: no answer within 1 s"):
            await ari.channels.answer("chan-1")
        fake.thaw()
        await ari.channels.answer("chan-1")


async def test_waiting_for_a_connection_counts_as_waiting(fake: FakeAsterisk) -> None:
    async with AriClient(fake.url, USER, PASSWORD, timeout_seconds=1.0, connections=1) as ari:
        socket = await ari.transport.open_websocket(app="ari_app")  # takes the only connection, and keeps it
        with pytest.raises(errors.AriUnreachable):
            await ari.channels.ring("chan-1")
        assert fake.requests_for("channels.ring") == []
        await socket.close()
        await ari.channels.ring("chan-1")


async def test_nobody_listening_is_unreachable(fake: FakeAsterisk, ari: AriClient) -> None:
    await fake.stop_listening()
    with pytest.raises(errors.AriUnreachable):
        await ari.channels.answer("chan-1")


@pytest.mark.parametrize("answer", [[], "text", {"id": 7}, {}, None])
async def test_an_answer_of_another_shape_is_an_error(fake: FakeAsterisk, ari: AriClient, answer: object) -> None:
    fake.answers["channels.get"] = answer
    with pytest.raises(errors.UnexpectedAnswer):
        await ari.channels.get("chan-1")


async def test_a_variable_that_is_not_set_is_none_and_not_a_lost_channel(fake: FakeAsterisk, ari: AriClient) -> None:
    fake.refusals["channels.get_channel_var"] += [
        Refusal(404, "Provided variable was not found"),
        Refusal(404, "Channel not found"),
    ]
    assert await ari.channels.get_channel_var("chan-1", variable="X") is None
    with pytest.raises(errors.NotFound):
        await ari.channels.get_channel_var("chan-1", variable="X")


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await AriClient("http://127.0.0.1:1/ari", "u", "p").asterisk.ping()


async def test_no_order_goes_out_before_it_may(fake: FakeAsterisk) -> None:
    """And the time that one has begins when it may: a process that was frozen first learns whether it is replaced."""
    asked, may = asyncio.Event(), asyncio.Event()

    async def may_order() -> None:
        asked.set()
        await may.wait()

    async with AriClient(fake.url, USER, PASSWORD, timeout_seconds=1.0, may_order=may_order) as ari:
        hanging_up = asyncio.create_task(ari.channels.hangup("chan-1"))
        await asked.wait()
        assert fake.requests_for("channels.hangup") == []
        may.set()
        await hanging_up
        assert len(fake.requests_for("channels.hangup")) == 1
