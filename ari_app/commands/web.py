"""`ari-app web`: the pages."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import structlog

if TYPE_CHECKING:
    from ari_app.web.oidc.client import ProviderOptions
    from ari_app.web.relay import PhoneOptions
    from ari_app.web.trial.site import TrialOptions

from ari_app import logs
from ari_app.commands import CANNOT, WRONG, fail
from ari_app.core.ids import AsteriskId
from ari_app.core.ledger import LedgerError
from ari_app.core.passkeys import relying_party
from ari_app.core.provider import ProviderRules
from ari_app.core.trial import why_not_here
from ari_app.core.turn import TurnServers
from ari_app.settings import SettingsError, WebSettings, load
from ari_app.storage.db.errors import NotMigrated, StorageError

#: on a machine that it shares with Asterisk and `serve`, a screen waits for a call and never the other way round
NICENESS = 5


@click.command()
def web() -> None:
    """The pages: the desk, and everything that people do in a browser."""
    try:
        chosen = load(WebSettings)
    except SettingsError as error:
        fail(str(error), WRONG)
    logs.configure(chosen.log_level, with_pii=chosen.log_pii)
    os.nice(NICENESS)
    sys.exit(asyncio.run(_serve(chosen)))


def _provider(chosen: WebSettings) -> ProviderOptions | None:
    from ari_app.web.oidc.client import ProviderOptions

    issuer, secret, roles = chosen.oidc_issuer, chosen.oidc_client_secret, chosen.oidc_roles
    if issuer is None or chosen.oidc_client_id is None or secret is None or roles is None:
        return None
    rules = ProviderRules(roles, chosen.oidc_roles_claim, chosen.oidc_scope_claim, chosen.oidc_scopes)
    return ProviderOptions(issuer, chosen.oidc_client_id, secret.reveal(), rules, chosen.oidc_name)


def _phone(chosen: WebSettings) -> PhoneOptions | None:
    from ari_app.web.relay import PhoneOptions

    if chosen.desk_phone_url is None:
        return None
    secret = chosen.desk_turn_secret
    turn = None if secret is None else TurnServers(chosen.desk_turn, secret.reveal())
    return PhoneOptions(chosen.desk_phone_url, AsteriskId(chosen.node), chosen.desk_phone_from, turn)


def _trial(chosen: WebSettings) -> TrialOptions | None:
    """Raises ValueError where the citizen's phone of the demonstration may not be."""
    from ari_app.web.trial.site import TrialOptions

    if chosen.trial_password is None:
        return None
    phone = _phone(chosen)
    wrong = why_not_here(
        chosen.desk_bind, chosen.url, has_proxies=bool(chosen.desk_proxies), has_phone=phone is not None
    )
    if wrong is not None or phone is None:
        raise ValueError(f"is for the demonstration of `make run`; leave it out here: {wrong}")
    return TrialOptions(phone, chosen.trial_password.reveal())


async def _serve(chosen: WebSettings) -> int:
    from ari_app.web.app import PortTaken
    from ari_app.web.background import TaskEnded
    from ari_app.web.process import CertificateRefused, WebOptions, serve_pages
    from ari_app.web.site import SiteOptions
    from ari_app.web.theme import ThemeRefused, read_theme

    try:
        theme = None if chosen.desk_theme is None else read_theme(chosen.desk_theme)
    except ThemeRefused as wrong:
        click.echo(str(wrong), err=True)
        return WRONG
    try:
        passkeys = relying_party(chosen.url, chosen.desk_passkey_domain)
    except ValueError as error:
        click.echo(f"ARI_APP_DESK_PASSKEY_DOMAIN: {error}", err=True)
        return WRONG
    try:
        trial = _trial(chosen)
    except ValueError as error:
        click.echo(f"ARI_APP_TRIAL_PASSWORD {error}", err=True)
        return WRONG
    cert, key = chosen.desk_tls_cert, chosen.desk_tls_key
    options = WebOptions(
        chosen.database_url.reveal(),
        chosen.desk_bind,
        chosen.desk_port,
        SiteOptions(
            chosen.url,
            chosen.desk_trusted,
            chosen.desk_trusted_roles,
            chosen.desk_proxies,
            theme,
            chosen.desk_contact or "",
            _provider(chosen),
            passkeys,
            _phone(chosen),
            trial,
        ),
        None if cert is None or key is None else (cert, key),
    )
    work = asyncio.ensure_future(serve_pages(options))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await work
    except (NotMigrated, PortTaken, CertificateRefused) as wrong:
        click.echo(str(wrong), err=True)
        return WRONG
    except TaskEnded as ended:
        structlog.get_logger(__name__).error("pages_failed", task=ended.task, exc_info=ended.__cause__)
        return CANNOT
    except (LedgerError, StorageError) as away:
        click.echo(str(away), err=True)
        return CANNOT
    return 0
