"""Every secret may be in a file: what is read of it, and what is said when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.settings import LARGEST_SECRET, DatabaseSettings, Settings, SettingsError, load
from ari_app.settings.values import Secret
from tests.local.secret_settings import secret_variables

pytestmark = pytest.mark.pure

SECRETS = {
    "DATABASE_URL": "postgresql+asyncpg://ari_app:between-us-7@postgres/ari_app",
    "ARI_APP_ARI_PASSWORD": "between-us-8",
    "ARI_APP_SMTP_URL": "smtps://user:between-us-9@mail.example",
    "ARI_APP_WEBHOOK_SECRET": "between-us-0123456789",
}
OTHERS = {
    "ARI_APP_ARI_USER": "ari_app",
    "ARI_APP_SOUNDS_DIR": "/srv/sounds",
    "ARI_APP_MAIL_FROM": "terugbellen@gemeente.example",
    "ARI_APP_WEBHOOK_URL": "https://example.org/hook",
}


def _files(directory: Path, end: str = "\n") -> dict[str, str]:
    """Each secret in a file of its own; the variables that name them."""
    for name, text in SECRETS.items():
        (directory / name).write_text(f"{text}{end}")
    return {f"{name}_FILE": str(directory / name) for name in SECRETS}


def _revealed(settings: Settings) -> dict[str, str | None]:
    found = (settings.database_url, settings.ari_password, settings.smtp_url, settings.webhook_secret)
    return {name: None if secret is None else secret.reveal() for name, secret in zip(SECRETS, found, strict=True)}


def test_every_setting_that_is_a_secret_may_be_a_file() -> None:
    assert secret_variables(Settings) == list(SECRETS)
    loaded = load(Settings, {**SECRETS, **OTHERS})
    secret_fields = [name for name, value in vars(loaded).items() if isinstance(value, Secret)]
    assert len(secret_fields) == len(SECRETS), "a new secret: give it is_secret=True"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_given_files_when_the_settings_are_read_then_they_are_what_the_variables_would_be(
    tmp_path: Path, end: str
) -> None:
    settings = load(Settings, {**OTHERS, **_files(tmp_path, end)})
    assert _revealed(settings) == SECRETS
    assert load(DatabaseSettings, _files(tmp_path)).database_url.reveal() == SECRETS["DATABASE_URL"]


def test_given_an_empty_file_then_the_setting_is_not_set(tmp_path: Path) -> None:
    files = _files(tmp_path)
    for name in ("ARI_APP_SMTP_URL", "ARI_APP_WEBHOOK_SECRET"):
        (tmp_path / name).write_text("\n")
    settings = load(Settings, {**OTHERS, "ARI_APP_WEBHOOK_URL": "", **files})
    assert (settings.smtp_url, settings.webhook_secret) == (None, None)
    (tmp_path / "DATABASE_URL").write_text("")
    with pytest.raises(SettingsError, match="DATABASE_URL: is not set"):
        load(DatabaseSettings, files)


@pytest.mark.parametrize("name", SECRETS)
def test_given_both_or_a_file_that_cannot_be_read_or_is_no_secret_then_the_variable_is_named_and_nothing_shown(
    tmp_path: Path, name: str
) -> None:
    files = _files(tmp_path)
    missing = str(tmp_path / "nowhere-7")
    (tmp_path / "large").write_text("between-us" * LARGEST_SECRET)
    (tmp_path / "two lines").write_text("between-us-1\nbetween-us-2\n")
    (tmp_path / "bytes").write_bytes(b"between-us-\xff")
    cases = {
        f"{name} and {name}_FILE are both set": {**files, name: SECRETS[name]},
        f"{name}_FILE: the file cannot be read (No such file": {**files, f"{name}_FILE": missing},
        f"{name}_FILE: the file cannot be read (Is a directory": {**files, f"{name}_FILE": str(tmp_path)},
        f"{name}_FILE: the file is larger": {**files, f"{name}_FILE": str(tmp_path / "large")},
        f"{name}: holds a line break": {**files, f"{name}_FILE": str(tmp_path / "two lines")},
        f"{name}: is not UTF-8": {**files, f"{name}_FILE": str(tmp_path / "bytes")},
    }
    for says, environment in cases.items():
        with pytest.raises(SettingsError) as error:
            load(Settings, {**OTHERS, **environment})
        assert says in str(error.value)
        assert "between-us" not in str(error.value) and "nowhere-7" not in str(error.value)
        assert str(error.value).count("\n") == 1, "one mistake, one line"
