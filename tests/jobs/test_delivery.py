"""Mail and webhook: the messages that leave, and the errors when they do not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from ari_app.jobs.delivery import Mailer, NotSent, SmtpServer, Webhook, signature
from ari_app.settings import Settings, SettingsError, load
from ari_app.settings.values import Secret
from tests.jobs.mail_server import MailServer

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
SENDER = "Terugbellen <terugbellen@gemeente.example>"
SECRET = "a secret of some length"
NOBODY = "smtp://127.0.0.1:1"


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


async def send(url: str, *, send_seconds: float = 20) -> None:
    mailer = Mailer(SmtpServer.from_url(url), SENDER, send_seconds=send_seconds)
    await mailer.send("kcc@gemeente.example", "Vandaag terugbellen", "Eén verzoek.\n", message_id="reminder-7", at=NOW)


async def test_a_mail_arrives_as_it_was_written(mail: MailServer) -> None:
    await send(mail.url)
    (message,) = mail.messages
    assert mail.recipients == ["kcc@gemeente.example"]
    assert (message["From"], message["Subject"]) == (SENDER, "Vandaag terugbellen")
    assert message["Message-ID"] == "<reminder-7@gemeente.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["Eén verzoek."]


@pytest.mark.parametrize(("answer", "for_good"), [("550 no such user", True), ("451 later", False)])
async def test_a_refusal_is_for_good_or_for_now(mail: MailServer, answer: str, for_good: bool) -> None:
    mail.refuse = answer
    with pytest.raises(NotSent) as refused:
        await send(mail.url)
    assert refused.value.for_good is for_good
    assert "gemeente" not in str(refused.value)


@pytest.mark.parametrize(("to", "answer"), [("AUTH", "535 wrong password"), ("MAIL", "550 not from here")])
async def test_a_refusal_that_is_not_of_this_mail_is_for_now(mail: MailServer, to: str, answer: str) -> None:
    mail.refuse, mail.refuse_to = answer, to
    with pytest.raises(NotSent) as refused:
        await send(mail.url.replace("//", "//u:p@"))
    assert not refused.value.for_good


async def test_a_slow_server_has_one_limit_for_the_whole_mail(mail: MailServer) -> None:
    mail.slow_seconds = 0.3
    with pytest.raises(NotSent) as refused:
        await send(mail.url, send_seconds=0.5)
    assert not refused.value.for_good
    assert mail.messages == []


async def test_without_a_server_it_is_for_now() -> None:
    with pytest.raises(NotSent) as refused:
        await send(NOBODY)
    assert not refused.value.for_good


async def test_a_password_does_not_go_over_an_open_line_to_another_machine(mail: MailServer) -> None:
    assert SmtpServer.from_url("smtp://u:p%40ss@mail.example").must_encrypt
    assert SmtpServer.from_url("smtp://u:p%40ss@mail.example").password == "p@ss"
    assert not SmtpServer.from_url("smtp://u:p@127.0.0.1").must_encrypt
    assert not SmtpServer.from_url("smtp://mail.example").must_encrypt
    assert "p@ss" not in repr(SmtpServer.from_url("smtp://u:p%40ss@mail.example"))
    ports = {url: SmtpServer.from_url(url).port for url in ("smtp://h", "smtps://h", "smtp://u:p@h", "smtp://h:26")}
    assert list(ports.values()) == [25, 465, 587, 26]
    with pytest.raises(ValueError, match="smtp://host:port"):
        SmtpServer.from_url("http://h")


class Listener:
    """The other system."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
async def listener() -> AsyncIterator[tuple[Listener, Webhook]]:
    listener = Listener()
    app = web.Application()
    app.router.add_post("/hook", listener.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        yield listener, Webhook(session, f"http://127.0.0.1:{port}/hook", SECRET)
    await runner.cleanup()


async def test_a_webhook_is_signed_and_names_its_event(listener: tuple[Listener, Webhook]) -> None:
    other, webhook = listener
    await webhook.send("12", {"kind": "day_start", "naam": "één"}, NOW)
    ((headers, body),) = other.got
    assert json.loads(body) == {"kind": "day_start", "naam": "één"}
    assert headers["X-Ari-App-Event"] == "12"
    timestamp = headers["X-Ari-App-Timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    assert headers["X-Ari-App-Signature"] == f"sha256={signature(SECRET.encode(), timestamp, body)}"
    assert signature(SECRET.encode(), timestamp, body) != signature(b"another secret", timestamp, body)


@pytest.mark.parametrize(("status", "for_good"), [(500, False), (404, False), (302, False), (410, True)])
async def test_another_answer_than_yes_is_no(listener: tuple[Listener, Webhook], status: int, for_good: bool) -> None:
    other, webhook = listener
    other.status = status
    with pytest.raises(NotSent, match=str(status)) as refused:
        await webhook.send("12", {}, NOW)
    assert refused.value.for_good is for_good
    assert len(other.got) == 1  # a redirection is not followed: the secret belongs to one place


# --- settings ---


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "DATABASE_URL": "postgresql://u@h/d",
        "ARI_APP_ARI_USER": "u",
        "ARI_APP_ARI_PASSWORD": "p",
        "ARI_APP_SOUNDS_DIR": "/sounds",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_without_settings_nothing_goes_out(environment: pytest.MonkeyPatch) -> None:
    assert load(Settings).outside == (None, None, None, None)
    for name in ("SMTP_URL", "MAIL_FROM", "WEBHOOK_URL", "WEBHOOK_SECRET"):
        environment.setenv(f"ARI_APP_{name}", "")
    assert load(Settings).outside == (None, None, None, None)


def test_whole_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ARI_APP_SMTP_URL", "smtps://u:geheim@mail.example")
    environment.setenv("ARI_APP_MAIL_FROM", SENDER)
    environment.setenv("ARI_APP_WEBHOOK_URL", "https://other.example/hook")
    environment.setenv("ARI_APP_WEBHOOK_SECRET", SECRET)
    settings = load(Settings)
    assert settings.outside == ("smtps://u:geheim@mail.example", SENDER, "https://other.example/hook", SECRET)
    assert isinstance(settings.smtp_url, Secret)
    assert "geheim" not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ARI_APP_SMTP_URL", "smtp://mail.example", "ARI_APP_SMTP_URL needs ARI_APP_MAIL_FROM"),
        ("ARI_APP_SMTP_URL", "mail.example:25", "ARI_APP_SMTP_URL: must be smtp://host:port"),
        ("ARI_APP_SMTP_URL", "smtp://mail.example:geheim", "ARI_APP_SMTP_URL: has a port that is not 1 to 65535"),
        ("ARI_APP_MAIL_FROM", "niemand", "ARI_APP_MAIL_FROM: must be one mail address"),
        ("ARI_APP_WEBHOOK_URL", "https://other.example", "ARI_APP_WEBHOOK_URL needs ARI_APP_WEBHOOK_SECRET"),
        ("ARI_APP_WEBHOOK_URL", "ftp://other.example", "ARI_APP_WEBHOOK_URL: must begin with http:// or https://"),
        ("ARI_APP_WEBHOOK_SECRET", "kort", "ARI_APP_WEBHOOK_SECRET: must have 16 characters or more"),
    ],
)
def test_a_wrong_setting_is_named_and_never_shown(
    environment: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    environment.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        load(Settings)
    assert says in str(wrong.value)
    assert "geheim" not in str(wrong.value)
