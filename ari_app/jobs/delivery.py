"""Sending messages to other systems: mail over SMTP, and a signed POST."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiohttp

SEND_SECONDS = 20.0  # for a whole message, connecting included


class NotSent(Exception):
    """The message was not taken. `for_good`: the other side will never take it, however often it is tried."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The server that takes mail. A password goes to another machine only over an encrypted connection."""

    host: str
    port: int
    tls_from_the_start: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> SmtpServer:
        """`smtp://user:password@host:port` or `smtps://…`; user, password and port may be left out.

        Raises ValueError, without the password in its text.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must be smtp://host:port or smtps://host:port")
        is_tls = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            parts.port or (465 if is_tls else 587 if parts.username else 25),
            is_tls,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    @property
    def must_encrypt(self) -> bool:
        return self.user is not None and not _is_this_machine(self.host)


@dataclass(frozen=True, slots=True)
class Outside:
    """The settings of mail and webhook; None: that way does not exist here."""

    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = field(default=None, repr=False)


class Mailer:
    """Sends mail from the address in the settings. One connection per mail: there are few."""

    def __init__(self, server: SmtpServer, sender: str, *, send_seconds: float = SEND_SECONDS) -> None:
        self._server = server
        self._sender = sender
        self._send_seconds = send_seconds

    async def send(self, to: str, subject: str, body: str, *, message_id: str, at: datetime) -> None:
        """`message_id`: the same for the same message, so that its recipient knows a second copy. Raises NotSent."""
        import aiosmtplib  # most installations send no mail, and a start would wait for it

        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{message_id}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        server = self._server
        try:
            # aiosmtplib's own limit is for each answer: a slow server would outlast the lease of the reminder.
            async with asyncio.timeout(self._send_seconds):
                await aiosmtplib.send(
                    message,
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password,
                    use_tls=server.tls_from_the_start,
                    start_tls=False if server.tls_from_the_start else True if server.must_encrypt else None,
                    timeout=self._send_seconds,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = sorted({refused.code for refused in error.recipients})
            raise NotSent(f"the mail server refuses the recipient ({codes})", for_good=min(codes) >= 500) from None
        except aiosmtplib.SMTPResponseException as error:
            # The text of the error may name the recipient. Only a refusal of the message itself is final: a password,
            # or the permission to send, can be put right.
            is_final = isinstance(error, aiosmtplib.SMTPDataError) and 500 <= error.code < 600
            raise NotSent(f"the mail server says {error.code}", for_good=is_final) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotSent(f"no mail server ({type(error).__name__})") from None


class Webhook:
    """A POST of JSON, signed: HMAC-SHA256 over the timestamp, a point, and the body."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._session = session
        self._url = url
        self._secret = secret.encode()

    async def send(self, event_id: str, payload: Mapping[str, object], at: datetime) -> None:
        """`event_id`: the same for the same event, so that its recipient recognises a second copy. Raises NotSent."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        timestamp = str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Ari-App-Event": event_id,
            "X-Ari-App-Timestamp": timestamp,
            "X-Ari-App-Signature": f"sha256={signature(self._secret, timestamp, body)}",
        }
        timeout = aiohttp.ClientTimeout(total=SEND_SECONDS)
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotSent(f"the other system does not answer ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise NotSent(f"the other system answers {status}", for_good=status == 410)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
