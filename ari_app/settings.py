"""Environment to frozen settings; all mistakes are reported at once."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ari_app.core.outbound import NumberForm, is_template


class SettingsError(Exception):
    """One or more settings are wrong; the text names each with its remedy, and never shows a secret."""


def _postgres(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgresql+asyncpg://", "postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql+asyncpg:// (for example postgresql+asyncpg://user@host/ari_app)")
    return url


def _http(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https:// (for example http://127.0.0.1:8088/ari)")
    return url.rstrip("/")


def _smtp(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError("must be smtp://host:port or smtps://host:port, with user:password@ before the host if needed")
    return url


def _mail_address(text: str) -> str:
    address = parseaddr(text)[1]
    if "@" not in address.strip("@") or not text.isprintable():
        raise ValueError("must be one mail address (for example Terugbellen <terugbellen@gemeente.example>)")
    return text


def _webhook(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with https:// (or http:// inside your own network)")
    return url


def _name(name: str) -> str:
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError("may hold letters, digits, '-' and '_' only")
    return name


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path: Asterisk reads it too")
    return path


def _way_outside(template: str) -> str:
    if template and not is_template(template):
        raise ValueError("must be a trunk or a phone of this Asterisk (for example PJSIP/{number}@trunk)")
    return template


#: compose hands on what is not set as an empty text
EMPTY_IS_NONE = BeforeValidator(lambda value: None if value == "" else value)
S = TypeVar("S", bound=BaseSettings)
Name = Annotated[str, AfterValidator(_name)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """What the application needs to know of its surroundings. Read once, by cli, app and migrations only."""

    model_config = SettingsConfigDict(env_prefix="ARI_APP_", frozen=True, extra="ignore")

    database_url: Annotated[SecretStr, AfterValidator(_postgres)] = Field(validation_alias="DATABASE_URL")
    ari_url: Annotated[str, AfterValidator(_http)] = "http://127.0.0.1:8088/ari"
    ari_user: str = Field(min_length=1)
    ari_password: SecretStr = Field(min_length=1)
    ari_application: Name = "ari_app"
    node: Name = "node1"
    sounds_dir: AbsolutePath
    cel_file: AbsolutePath | None = None
    outbound_endpoint: Annotated[str, AfterValidator(_way_outside)] = ""  # empty: nothing outside is called
    outbound_format: NumberForm = NumberForm.E164
    web_bind: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)
    nightly_hour: int = Field(default=3, ge=0, le=23)  # in the Netherlands
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"
    log_pii: bool = False  # caller numbers in the log; off unless a fault is being traced
    smtp_url: Annotated[Annotated[SecretStr, AfterValidator(_smtp)] | None, EMPTY_IS_NONE] = None
    mail_from: Annotated[Annotated[str, AfterValidator(_mail_address)] | None, EMPTY_IS_NONE] = None
    webhook_url: Annotated[Annotated[str, AfterValidator(_webhook)] | None, EMPTY_IS_NONE] = None
    webhook_secret: Annotated[Annotated[SecretStr, Field(min_length=16)] | None, EMPTY_IS_NONE] = None

    @property
    def outside(self) -> tuple[str | None, str | None, str | None, str | None]:
        """Where reminders may go: mail server, sender, webhook, its secret."""
        smtp, secret = self.smtp_url, self.webhook_secret
        return (
            None if smtp is None else smtp.get_secret_value(),
            self.mail_from,
            self.webhook_url,
            None if secret is None else secret.get_secret_value(),
        )

    @model_validator(mode="after")
    def _whole_pairs(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("ARI_APP_SMTP_URL needs ARI_APP_MAIL_FROM: who the mail is from")
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ValueError("ARI_APP_WEBHOOK_URL needs ARI_APP_WEBHOOK_SECRET: what it is signed with")
        return self


class DatabaseSettings(BaseSettings):
    """What a command needs that only reads or writes the database."""

    model_config = SettingsConfigDict(env_prefix="ARI_APP_", frozen=True, extra="ignore")

    database_url: Annotated[SecretStr, AfterValidator(_postgres)] = Field(validation_alias="DATABASE_URL")


def load(kind: type[S]) -> S:
    """The settings from the environment. Raises SettingsError with every mistake in one text."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """Each mistake on a line: the variable, what is wrong; never the value, which may be a secret."""
    lines = [
        f"{_variable(str(item['loc'][0]))}: {_remedy(item['type'], item['msg'])}"
        if item["loc"]
        else _remedy(item["type"], item["msg"])
        for item in error.errors()
    ]
    return "settings are wrong:\n  " + "\n  ".join(lines)


def _variable(field: str) -> str:
    return field if field.isupper() else f"ARI_APP_{field.upper()}"


def _remedy(kind: str, message: str) -> str:
    if kind == "missing":
        return "is not set; set it in the environment (see .env.example)"
    return message.removeprefix("Value error, ")
