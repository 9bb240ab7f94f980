"""Environment to frozen settings; all mistakes are reported at once, and no value is shown: it may be a secret."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, overload

from ari_app.core.access import Role
from ari_app.core.accounts import Network
from ari_app.core.addresses import postgres_address, smtp_address
from ari_app.core.outbound import NumberForm
from ari_app.core.passkeys import read_domain
from ari_app.core.provider import ProviderGrants, ProviderRules, read_rules
from ari_app.core.turn import read_addresses
from ari_app.settings import values
from ari_app.settings.values import Secret

T = TypeVar("T")
D = TypeVar("D")
S = TypeVar("S", bound="DatabaseSettings")

LARGEST_SECRET = 4096  # bytes of a file


class SettingsError(Exception):
    """One or more settings are wrong; the text names each with its remedy, and never shows a value."""


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

    serve_db_password: Secret | None = _setting(values.role_password, default=None, is_secret=True)
    web_db_password: Secret | None = _setting(values.role_password, default=None, is_secret=True)


@dataclass(frozen=True, kw_only=True)
class Settings(DatabaseSettings):
    """The settings of the application. Read once, by the commands and `app` only."""

    ari_url: str = _setting(values.ari, default="http://127.0.0.1:8088/ari")
    ari_user: str = _setting(values.ari_user)
    ari_password: Secret = _setting(Secret, is_secret=True)
    ari_application: str = _setting(values.name, default="ari_app")
    node: str = _setting(values.name, default="node1")
    sounds_dir: Path = _setting(values.absolute)
    cel_file: Path | None = _setting(values.absolute, default=None)
    outbound_endpoint: str = _setting(values.way_outside, default="")  # empty: no number outside is called
    outbound_format: NumberForm = _setting(values.number_form, default=NumberForm.E164)
    capacity_calls: int | None = _setting(values.whole(1, 100_000), default=None)  # of citizens, at the same time
    phone_relays: tuple[str, ...] = _setting(values.hosts, default=("127.0.0.1",))  # machines with `ari-app web`
    trial_password: Secret | None = _setting(values.trial_password, default=None)  # of the demonstration only
    web_bind: str = _setting(values.bind, default="127.0.0.1")
    web_port: int = _setting(values.whole(0, 65535), default=8080)
    nightly_hour: int = _setting(values.whole(0, 23), default=3)  # in the Netherlands
    log_level: str = _setting(values.level, default="info")
    log_pii: bool = _setting(values.yes_or_no, default=False)  # callers' numbers in the log, while a fault is traced
    smtp_url: Secret | None = _setting(lambda text: Secret(smtp_address(text)), default=None, is_secret=True)
    mail_from: str | None = _setting(values.mail_address, default=None)
    webhook_url: str | None = _setting(values.webhook, default=None)
    webhook_secret: Secret | None = _setting(values.signing_secret, default=None, is_secret=True)
    oidc_issuer: str | None = _setting(values.issuer, default=None)
    oidc_roles: Mapping[str, tuple[str, ...]] | None = _setting(read_rules, default=None)
    oidc_scope_claim: str | None = _setting(str, default=None)
    oidc_scopes: frozenset[str] = _setting(values.words, default=frozenset())

    @property
    def provider_grants(self) -> ProviderGrants | None:
        """The identity provider, and the roles that the pages may say its people have."""
        if self.oidc_issuer is None or self.oidc_roles is None:
            return None
        rules = ProviderRules(self.oidc_roles, scope_claim=self.oidc_scope_claim, allowed=self.oidc_scopes)
        return ProviderGrants.of(self.oidc_issuer, rules)

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
    """The settings of `accounts` and `check`: where people reach the pages."""

    desk_url: str | None = _setting(values.page_url, default=None)
    desk_passkey_domain: str | None = _setting(read_domain, default=None)
    desk_bind: str = _setting(values.bind, default="127.0.0.1")
    desk_port: int = _setting(values.whole(0, 65535), default=8081)
    desk_tls_cert: Path | None = _setting(values.file, default=None)
    desk_tls_key: Path | None = _setting(values.file, default=None)

    @property
    def url(self) -> str:
        """The address of the pages as people type it, without a slash behind it."""
        if self.desk_url is not None:
            return self.desk_url
        return f"{'http' if self.desk_tls_cert is None else 'https'}://{self.desk_bind}:{self.desk_port}"


@dataclass(frozen=True, kw_only=True)
class WebSettings(LinkSettings):
    """The settings of `web`. `DATABASE_URL` is that of the role `ari_app_web`."""

    desk_trusted: tuple[Network, ...] = _setting(values.networks, default=())
    desk_trusted_roles: frozenset[Role] = _setting(values.roles, default=frozenset({Role.OPERATOR}))
    desk_proxies: tuple[Network, ...] = _setting(values.networks, default=())
    desk_theme: Path | None = _setting(values.file, default=None)
    desk_contact: str | None = _setting(values.plain_mail_address, default=None)
    desk_phone_url: str | None = _setting(values.socket_url, default=None)  # none: no phone in the page
    desk_phone_from: str | None = _setting(values.bind, default=None)  # the address from which Asterisk is reached
    desk_turn: tuple[str, ...] = _setting(read_addresses, default=())  # for computers behind strict firewalls
    desk_turn_secret: Secret | None = _setting(values.signing_secret, default=None, is_secret=True)
    trial_password: Secret | None = _setting(values.trial_password, default=None)  # of the demonstration only
    node: str = _setting(values.name, default="node1")  # of the Asterisk of desk_phone_url
    oidc_issuer: str | None = _setting(values.issuer, default=None)
    oidc_client_id: str | None = _setting(str, default=None)
    oidc_client_secret: Secret | None = _setting(Secret, default=None, is_secret=True)
    oidc_roles: Mapping[str, tuple[str, ...]] | None = _setting(read_rules, default=None)
    oidc_roles_claim: str = _setting(str, default="roles")
    oidc_scope_claim: str | None = _setting(str, default=None)
    oidc_scopes: frozenset[str] = _setting(values.words, default=frozenset())
    oidc_name: str = _setting(str, default="uw gemeenteaccount")
    log_level: str = _setting(values.level, default="info")
    log_pii: bool = _setting(values.yes_or_no, default=False)


#: a variable that makes no sense without another one, where both are read; and what the other one says
NEEDS = {
    "ARI_APP_SMTP_URL": ("ARI_APP_MAIL_FROM", "who the mail is from"),
    "ARI_APP_WEBHOOK_URL": ("ARI_APP_WEBHOOK_SECRET", "what it is signed with"),
    "ARI_APP_DESK_TLS_CERT": ("ARI_APP_DESK_TLS_KEY", "the key of the certificate"),
    "ARI_APP_OIDC_ISSUER": ("ARI_APP_OIDC_CLIENT_ID", "who we are to the identity provider"),
    "ARI_APP_OIDC_CLIENT_ID": ("ARI_APP_OIDC_CLIENT_SECRET", "with which we show that it is us"),
    "ARI_APP_OIDC_CLIENT_SECRET": ("ARI_APP_OIDC_ROLES", "which roles its claims stand for"),
    "ARI_APP_OIDC_ROLES": ("ARI_APP_OIDC_ISSUER", "whose claims they are"),
    "ARI_APP_OIDC_SCOPE_CLAIM": ("ARI_APP_OIDC_SCOPES", "the municipalities and teams that it may speak of"),
    "ARI_APP_OIDC_SCOPES": ("ARI_APP_OIDC_SCOPE_CLAIM", "which claim says who is for which of them"),
    "ARI_APP_DESK_TURN": ("ARI_APP_DESK_TURN_SECRET", "what the TURN server knows the pages by"),
    "ARI_APP_DESK_TURN_SECRET": ("ARI_APP_DESK_TURN", "the addresses of the TURN server"),
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
    found: dict[str, Any] = {}
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
                found[name] = one.metadata["read"](_plain(text))
            except ValueError as error:
                mistakes.append(f"{variable}: {error}")
        elif one.default is MISSING:
            mistakes.append(f"{variable}: is not set; set it in the environment (see .env.example)")
    for variable, (other, what) in NEEDS.items():
        if variable in given and other in known and other not in given:
            mistakes.append(f"{variable} needs {other}: {what}")
    if mistakes:
        raise SettingsError("settings are wrong:\n  " + "\n  ".join(mistakes))
    return kind(**found)


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
