"""The deployed form fits the program: same settings, same paths, nothing open that need not be."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from ari_app.core.provider import ProviderGrants
from ari_app.core.trial import why_not_here
from ari_app.settings import Settings, WebSettings, load, variables
from tests.local.secret_settings import secret_variables

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "asterisk-conf" / "Dockerfile"]
LASTING = {"postgres", "asterisk", "ari-app", "web"}
ONCE = {"sounds", "migrate"}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
#: of `make run` alone, and refused here
DEMONSTRATION = "ARI_APP_TRIAL_PASSWORD"
ANSWERS = {"ARI_APP_EXTERNAL_ADDRESS": "192.0.2.1"}
DATABASE_URL = "postgresql+asyncpg://ari_app_serve:serve-word@postgres/ari_app"
SECRETS = {"database_url": DATABASE_URL, "ari_password": "ari-word", "smtp_url": "", "webhook_secret": ""}


def interpolated(text: str) -> str:
    """Values that compose makes of ${NAME:-default} and ${NAME:?message} where only the needed variables are set."""

    def value(found: re.Match[str]) -> str:
        default = found["rest"] if found["kind"] == "-" else ""
        return ANSWERS.get(found["name"]) or default

    return VARIABLE.sub(value, text)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed = yaml.safe_load(interpolated(COMPOSE.read_text()))
    assert isinstance(parsed, dict)
    return parsed


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = compose["services"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def targets(service: dict[str, Any]) -> dict[str, str]:
    """Where a service sees each of its volumes and directories."""
    mounts: dict[str, str] = {}
    for volume in service.get("volumes", []):
        if isinstance(volume, str):
            source, target = volume.split(":")[:2]
        else:
            source, target = volume["source"], volume["target"]
        mounts[source] = target
    return mounts


def test_services_are_those_of_the_design_and_two_that_prepare(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == LASTING | ONCE


@pytest.mark.parametrize("name", sorted(LASTING))
def test_given_a_service_that_lasts_then_it_is_watched_restarted_and_its_log_is_bounded(
    name: str, services: dict[str, dict[str, Any]]
) -> None:
    service = services[name]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"]
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])


@pytest.mark.parametrize("name", sorted(ONCE))
def test_given_a_service_that_prepares_then_another_waits_for_its_success(
    name: str, services: dict[str, dict[str, Any]]
) -> None:
    assert services[name]["restart"] == "no"
    waiting = [service for service in services.values() if name in service.get("depends_on", {})]
    assert {service["depends_on"][name]["condition"] for service in waiting} == {"service_completed_successfully"}


def test_only_sip_sound_and_the_web_are_published(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "asterisk": [
            "0.0.0.0:5060:5060/udp",
            "0.0.0.0:5061:5061/tcp",
            "0.0.0.0:10000-10199:10000-10199/udp",
        ],
        "ari-app": ["127.0.0.1:8080:8080"],
        "web": ["127.0.0.1:8081:8081"],
    }
    assert not any(service.get("network_mode") == "host" for service in services.values())


def test_the_database_and_ari_are_on_a_network_without_a_way_out(compose: dict[str, Any]) -> None:
    assert compose["networks"]["internal"] == {"internal": True}
    services = compose["services"]
    assert list(services["postgres"]["networks"]) == ["internal"]
    [alias] = services["asterisk"]["networks"]["internal"]["aliases"]
    assert services["asterisk"]["environment"]["ARI_APP_ASTERISK_HTTP_BIND"] == alias
    assert services["ari-app"]["environment"]["ARI_APP_ARI_URL"] == f"http://{alias}:8088/ari"


def test_every_variable_is_in_the_example_and_every_line_of_the_example_is_used(example: dict[str, str]) -> None:
    used = {found["name"] for found in VARIABLE.finditer(COMPOSE.read_text())}
    assert used == set(example)


def test_the_example_says_what_holds_without_it(example: dict[str, str]) -> None:
    for found in VARIABLE.finditer(COMPOSE.read_text()):
        assert example[found["name"]] == (found["rest"] if found["kind"] == "-" else ""), found["name"]


def test_a_missing_password_or_address_stops_compose(example: dict[str, str]) -> None:
    needed = {found["name"] for found in VARIABLE.finditer(COMPOSE.read_text()) if found["kind"] == "?"}
    assert needed == set(ANSWERS)
    assert all(example[name] == "" for name in needed)


def test_the_application_gets_settings_that_it_knows_and_that_are_complete(
    services: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    environment = services["ari-app"]["environment"]
    known = set(variables(Settings))
    secret = set(secret_variables(Settings))
    # The name in the dialplan is the same everywhere; whatever else the README lists can be set.
    # The address of the pages is for the links of `ari-app accounts`.
    named = (known - secret - {"ARI_APP_ARI_APPLICATION", DEMONSTRATION}) | {f"{name}_FILE" for name in secret}
    assert set(environment) == named | {"ARI_APP_DESK_URL"}
    mounted = {}
    for name, value in environment.items():
        text = "" if value is None else str(value)
        if text.startswith("/run/secrets/"):
            file = tmp_path / text.removeprefix("/run/secrets/")
            file.write_text(SECRETS[file.name])
            text = str(file)
        mounted[name] = text
    settings = load(Settings, mounted)
    assert settings.database_url.reveal() == DATABASE_URL
    assert settings.ari_password.reveal() == "ari-word"
    assert (settings.smtp_url, settings.webhook_secret) == (None, None)
    assert services["ari-app"]["ports"][0].endswith(f":{settings.web_port}")
    assert settings.web_bind == "0.0.0.0"


def test_the_pages_get_settings_that_they_know_and_a_role_that_makes_no_accounts(
    services: dict[str, dict[str, Any]],
) -> None:
    service = services["web"]
    secret = set(secret_variables(WebSettings))
    named = (set(variables(WebSettings)) - secret - {DEMONSTRATION}) | {f"{name}_FILE" for name in secret}
    assert set(service["environment"]) == named
    assert service["secrets"] == ["web_database_url", "oidc_client_secret", "desk_turn_secret"]
    said = service["environment"]
    wrong = why_not_here(
        said["ARI_APP_DESK_BIND"], f"http://{said['ARI_APP_DESK_BIND']}", has_proxies=False, has_phone=True
    )
    assert wrong is not None and "127.0.0.1" in wrong
    assert DEMONSTRATION not in COMPOSE.read_text() + (ROOT / ".env.example").read_text()
    assert "ari_app_web:" in (ROOT / "docs" / "deployment.md").read_text()
    assert service["healthcheck"]["test"][-1] == "pages"


def test_the_controller_knows_of_the_identity_provider_what_the_pages_know(services: dict[str, dict[str, Any]]) -> None:
    pages, controller = services["web"]["environment"], services["ari-app"]["environment"]
    for name in ("ISSUER", "ROLES", "SCOPE_CLAIM", "SCOPES"):
        assert controller[f"ARI_APP_OIDC_{name}"] == pages[f"ARI_APP_OIDC_{name}"]
    said = {
        "DATABASE_URL": DATABASE_URL,
        "ARI_APP_ARI_USER": "ari_app",
        "ARI_APP_ARI_PASSWORD": "ari-word",
        "ARI_APP_SOUNDS_DIR": "/sounds",
    }
    assert load(Settings, said).provider_grants is None
    said |= {"ARI_APP_OIDC_ISSUER": "https://login.example", "ARI_APP_OIDC_ROLES": "Baas=supervisor,Redactie=editor"}
    said |= {"ARI_APP_OIDC_SCOPE_CLAIM": "gemeente", "ARI_APP_OIDC_SCOPES": "GM9901"}
    gives = load(Settings, said).provider_grants
    assert gives == ProviderGrants("https://login.example", frozenset({"supervisor:GM9901", "editor:GM9901"}))


def test_no_secret_is_in_the_environment_and_each_is_mounted_only_where_it_is_read(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        environment = service.get("environment", {})
        files = {key: str(value) for key, value in environment.items() if str(value).startswith("/run/secrets/")}
        assert {value.removeprefix("/run/secrets/") for value in files.values()} == set(service.get("secrets", [])), (
            name
        )
        without_secret = {f"ARI_APP_{name}_URL" for name in ("ARI", "WEBHOOK", "DESK", "DESK_PHONE")}
        for key in set(environment) - set(files) - without_secret:
            assert not re.search("PASSWORD|SECRET|_URL$", key), f"{name}: {key}"
    used = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert used == set(compose["secrets"])
    assert all(secret["file"] == f"./secrets/{name}" for name, secret in compose["secrets"].items())


def test_the_first_start_of_the_documents_makes_every_secret(compose: dict[str, Any]) -> None:
    start = (ROOT / "docs" / "deployment.md").read_text().partition("## First start")[2].partition("## ")[0]
    assert {name for name in compose["secrets"] if name not in start} == set()
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_asterisk_gets_variables_that_its_scripts_know(services: dict[str, dict[str, Any]]) -> None:
    scripts = "".join((ROOT / "asterisk-conf" / name).read_text() for name in ("render", "entrypoint"))
    known = set(re.findall(r"\bARI_APP_[A-Z_]+", scripts))
    assert set(services["asterisk"]["environment"]) <= known


def test_both_sides_see_the_sounds_and_the_channel_event_log_under_one_path(
    services: dict[str, dict[str, Any]],
) -> None:
    application, asterisk = services["ari-app"], services["asterisk"]
    environment = application["environment"]
    assert targets(asterisk)["sounds"] == targets(application)["sounds"] == environment["ARI_APP_SOUNDS_DIR"]
    for dockerfile in DOCKERFILES:
        assert f"ARI_APP_SOUNDS_DIR={environment['ARI_APP_SOUNDS_DIR']}" in dockerfile.read_text()
    log = targets(asterisk)["channel_event_log"]
    assert (
        targets(application)["channel_event_log"] == log == str(PurePosixPath(environment["ARI_APP_CEL_FILE"]).parent)
    )
    assert "channel_event_log:/var/log/ari_app/cel-custom:ro" in application["volumes"]
    assert targets(services["sounds"]) == {"sounds": environment["ARI_APP_SOUNDS_DIR"]}


def test_what_must_outlive_a_container_is_in_a_named_volume(compose: dict[str, Any]) -> None:
    used = {source for service in compose["services"].values() for source in targets(service)} - {"./config"}
    assert used == set(compose["volumes"])


@pytest.mark.parametrize("name", sorted(LASTING | ONCE))
def test_containers_cannot_write_to_themselves_nor_gain_rights_nor_take_all_of_the_machine(
    name: str, services: dict[str, dict[str, Any]]
) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service and "privileged" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 1024


def test_postgres_never_was_root_and_writes_only_where_it_must(services: dict[str, dict[str, Any]]) -> None:
    service = services["postgres"]
    assert service["user"] == "999:999", "the image's own user; as root it would need rights to become that"
    assert service["group_add"] == ["10001"], "the group of the secrets"
    assert {mount.partition(":")[0] for mount in service["tmpfs"]} == {"/tmp", "/run/postgresql"}
    assert targets(service) == {"postgres": "/var/lib/postgresql"}


def test_images_of_ours_are_built_and_never_fetched(services: dict[str, dict[str, Any]]) -> None:
    ours = [service for name, service in services.items() if name != "postgres"]
    assert {service["pull_policy"] for service in ours} == {"never"}
    assert {service["image"] for service in ours if "build" in service} == {service["image"] for service in ours}
