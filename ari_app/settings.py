"""Environment to frozen settings; all mistakes are reported at once, and no value is shown: it may be a secret."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

from ari_app.core.access import Role
from ari_app.core.accounts import Network
from ari_app.core.addresses import has_user, http_address, is_host, postgres_address, smtp_address
from ari_app.core.outbound import NumberForm, is_template

T = TypeVar("T")
D = TypeVar("D")
S = TypeVar("S", bound="DatabaseSettings")

SHORTEST_SIGNING_SECRET = 16  # characters
LARGEST_SECRET = 4096  # bytes of a file
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """One or more settings are wrong; the text names each with its remedy, and never shows a value."""


class Secret:
    """Text that stands in no log, message or traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


# --- from the text of a variable to its value; a ValueError says what the text must be ---


def _ari(text: str) -> str:
    try:
        http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (for example http://127.0.0.1:8088/ari)") from None
    if has_user(text):
        raise ValueError("holds a user or a password; they are ARI_APP_ARI_USER and ARI_APP_ARI_PASSWORD")
    return text.rstrip("/")


def _ari_user(text: str) -> str:
    if ":" in text:
        raise ValueError("may not hold a colon")
    return text


def _mail_address(text: str) -> str:
    from email.utils import parseaddr  # two hundredths of a second that few commands need

    address = parseaddr(text)[1]
    if "@" not in address.strip("@") or not text.isprintable():
        raise ValueError("must be one mail address (for example Terugbellen <terugbellen@gemeente.example>)")
    return text


def _webhook(text: str) -> str:
    try:
        return http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (https:// outside your own network)") from None


def _signing_secret(text: str) -> Secret:
    if len(text) < SHORTEST_SIGNING_SECRET:
        raise ValueError(f"must have {SHORTEST_SIGNING_SECRET} characters or more")
    return Secret(text)


def _role_password(text: str) -> Secret:
    if not (text.isascii() and text.isalnum()) or len(text) < SHORTEST_SIGNING_SECRET:
        raise ValueError(f"must be {SHORTEST_SIGNING_SECRET} letters and digits or more: it is part of an address")
    return Secret(text)


def _name(text: str) -> str:
    if not (text.isascii() and text.replace("_", "").replace("-", "").isalnum()):
        raise ValueError("may hold letters, digits, '-' and '_' only")
    return text


def _absolute(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be an absolute path: Asterisk reads it too")
    return path


def _way_outside(text: str) -> str:
    if not is_template(text):
        raise ValueError("must be a trunk or a phone of this Asterisk (for example PJSIP/{number}@trunk)")
    return text


def _number_form(text: str) -> NumberForm:
    try:
        return NumberForm(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(NumberForm)}") from None


def _bind(text: str) -> str:
    if not is_host(text):
        raise ValueError("must be an address or a name of this machine (for example 127.0.0.1)")
    return text


def _level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text


def _yes_or_no(text: str) -> bool:
    word = text.lower()
    if word not in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        raise ValueError("must be true or false")
    return word in ("true", "yes", "on", "1")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("must be a file that this user may read")
    return path


def _page_url(text: str) -> str:
    try:
        http_address(text)
    except ValueError as error:
        raise ValueError(f"{error} (for example https://kcc.gemeente.example)") from None
    parts = urlsplit(text)
    if has_user(text) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be an address without a path, a user or a query (https://kcc.gemeente.example)")
    return f"{parts.scheme}://{parts.netloc}"


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be addresses or networks, separated by commas (192.0.2.0/24,2001:db8::/64)") from None


def _roles(text: str) -> frozenset[Role]:
    try:
        return frozenset(Role(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"must be roles, separated by commas: {', '.join(Role)}") from None


# --- the settings ---


@overload
def _setting(read: Callable[[str], T], *, variable: str | None = None, is_secret: bool = False) -> T: ...
@overload
def _setting(
    read: Callable[[str], T], *, default: D, variable: str | None = None, is_secret: bool = False
) -> T | D: ...
def _setting(
    read: Callable[[str], Any], *, default: Any = MISSING, variable: str | None = None, is_secret: bool = False
) -> Any:
    """A field that is read from `ARI_APP_` and its name, or from `variable`. Without a default it must be set.

    A secret may be in a file instead, which the variable with `_FILE` behind its name names.
    """
    return field(default=default, metadata={"read": read, "variable": variable, "is_secret": is_secret})


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """The settings of a command that only reads or writes the database."""

    database_url: Secret = _setting(
        lambda text: Secret(postgres_address(text)), variable="DATABASE_URL", is_secret=True
    )


@dataclass(frozen=True, kw_only=True)
class MigrateSettings(DatabaseSettings):
    """The settings of `migrate`: the URL of the owner's role, and the passwords of the roles that it makes."""

    serve_db_password: Secret | None = _setting(_role_password, default=None, is_secret=True)
    web_db_password: Secret | None = _setting(_role_password, default=None, is_secret=True)


@dataclass(frozen=True, kw_only=True)
class Settings(DatabaseSettings):
    """The settings of the application. Read once, by the commands and `app` only."""

    ari_url: str = _setting(_ari, default="http://127.0.0.1:8088/ari")
    ari_user: str = _setting(_ari_user)
    ari_password: Secret = _setting(Secret, is_secret=True)
    ari_application: str = _setting(_name, default="ari_app")
    node: str = _setting(_name, default="node1")
    sounds_dir: Path = _setting(_absolute)
    cel_file: Path | None = _setting(_absolute, default=None)
    outbound_endpoint: str = _setting(_way_outside, default="")  # empty: no number outside is called
    outbound_format: NumberForm = _setting(_number_form, default=NumberForm.E164)
    web_bind: str = _setting(_bind, default="127.0.0.1")
    web_port: int = _setting(_whole(0, 65535), default=8080)
    nightly_hour: int = _setting(_whole(0, 23), default=3)  # in the Netherlands
    log_level: str = _setting(_level, default="info")
    log_pii: bool = _setting(_yes_or_no, default=False)  # callers' numbers in the log, while a fault is traced
    smtp_url: Secret | None = _setting(lambda text: Secret(smtp_address(text)), default=None, is_secret=True)
    mail_from: str | None = _setting(_mail_address, default=None)
    webhook_url: str | None = _setting(_webhook, default=None)
    webhook_secret: Secret | None = _setting(_signing_secret, default=None, is_secret=True)

    @property
    def outside(self) -> tuple[str | None, str | None, str | None, str | None]:
        """Where reminders may go: mail server, sender, webhook, its secret."""
        smtp, secret = self.smtp_url, self.webhook_secret
        return (
            None if smtp is None else smtp.reveal(),
            self.mail_from,
            self.webhook_url,
            None if secret is None else secret.reveal(),
        )


@dataclass(frozen=True, kw_only=True)
class LinkSettings(DatabaseSettings):
    """The settings of `accounts`: where people reach the pages."""

    desk_url: str | None = _setting(_page_url, default=None)
    desk_bind: str = _setting(_bind, default="127.0.0.1")
    desk_port: int = _setting(_whole(0, 65535), default=8081)
    desk_tls_cert: Path | None = _setting(_file, default=None)
    desk_tls_key: Path | None = _setting(_file, default=None)

    @property
    def url(self) -> str:
        """The address of the pages as people type it, without a slash behind it."""
        if self.desk_url is not None:
            return self.desk_url
        return f"{'http' if self.desk_tls_cert is None else 'https'}://{self.desk_bind}:{self.desk_port}"


@dataclass(frozen=True, kw_only=True)
class WebSettings(LinkSettings):
    """The settings of `web`. `DATABASE_URL` is that of the role `ari_app_web`."""

    desk_trusted: tuple[Network, ...] = _setting(_networks, default=())
    desk_trusted_roles: frozenset[Role] = _setting(_roles, default=frozenset({Role.OPERATOR}))
    desk_proxies: tuple[Network, ...] = _setting(_networks, default=())
    log_level: str = _setting(_level, default="info")
    log_pii: bool = _setting(_yes_or_no, default=False)


#: a variable that makes no sense without another one, and what the other one says
NEEDS = {
    "ARI_APP_SMTP_URL": ("ARI_APP_MAIL_FROM", "who the mail is from"),
    "ARI_APP_WEBHOOK_URL": ("ARI_APP_WEBHOOK_SECRET", "what it is signed with"),
    "ARI_APP_DESK_TLS_CERT": ("ARI_APP_DESK_TLS_KEY", "the key of the certificate"),
    "ARI_APP_DESK_TLS_KEY": ("ARI_APP_DESK_TLS_CERT", "the certificate of the key"),
}


def variables(kind: type[DatabaseSettings]) -> dict[str, str]:
    """The fields of the settings, by the name of the variable that each is read from."""
    return {one.metadata["variable"] or f"ARI_APP_{one.name.upper()}": one.name for one in fields(kind)}


def _fields(kind: type[DatabaseSettings]) -> dict[str, Field[Any]]:
    return {one.name: one for one in fields(kind)}


def load(kind: type[S], environment: Mapping[str, str] = os.environ) -> S:
    """The settings from the environment; an empty variable counts as not set: compose passes on variables that way.

    Raises SettingsError with every mistake in one text.
    """
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    given: set[str] = set()
    known, by_name = variables(kind), _fields(kind)
    for variable, name in known.items():
        one = by_name[name]
        try:
            text = _text_of(variable, environment) if one.metadata["is_secret"] else environment.get(variable, "")
        except ValueError as error:
            mistakes.append(str(error))
            given.add(variable)
            continue
        if text:
            given.add(variable)
            try:
                values[name] = one.metadata["read"](_plain(text))
            except ValueError as error:
                mistakes.append(f"{variable}: {error}")
        elif one.default is MISSING:
            mistakes.append(f"{variable}: is not set; set it in the environment (see .env.example)")
    for variable, (other, what) in NEEDS.items():
        if variable in given and other not in given:
            mistakes.append(f"{variable} needs {other}: {what}")
    if mistakes:
        raise SettingsError("settings are wrong:\n  " + "\n  ".join(mistakes))
    return kind(**values)


def _text_of(variable: str, environment: Mapping[str, str]) -> str:
    """The text of a secret, from the variable or from the file that VARIABLE_FILE names; empty: neither.

    Raises ValueError, which names the variable and neither the file nor what is in it.
    """
    text, path = environment.get(variable, ""), environment.get(f"{variable}_FILE", "")
    if not path:
        return text
    if text:
        raise ValueError(f"{variable} and {variable}_FILE are both set: leave one out")
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST_SECRET + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no path"
        raise ValueError(f"{variable}_FILE: the file cannot be read ({why}); is it there, and this user's?") from None
    if len(raw) > LARGEST_SECRET:
        raise ValueError(f"{variable}_FILE: the file is larger than {LARGEST_SECRET} bytes; it holds the secret alone")
    # One line end, as every editor and `echo` leave it.
    return raw.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")


def _plain(text: str) -> str:
    """The text, when it is one line of readable text. Raises ValueError."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("is not UTF-8 text")
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in text):
        raise ValueError("holds a line break or another control character")
    return text
