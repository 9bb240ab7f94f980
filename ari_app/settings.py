"""Environment to frozen settings; all mistakes are reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
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
    lines = [f"{_variable(str(item['loc'][0]))}: {_remedy(item['type'], item['msg'])}" for item in error.errors()]
    return "settings are wrong:\n  " + "\n  ".join(lines)


def _variable(field: str) -> str:
    return field if field.isupper() else f"ARI_APP_{field.upper()}"


def _remedy(kind: str, message: str) -> str:
    if kind == "missing":
        return "is not set; set it in the environment (see .env.example)"
    return message.removeprefix("Value error, ")
