"""What every page needs, and the settings of the pages: one value, handed to each handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from ari_app.core.access import Actor, Role
from ari_app.core.accounts import Network, WebSession
from ari_app.core.passkeys import RelyingParty
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.commands.asker import Answers
from ari_app.storage.db.engine import Pool
from ari_app.web.area import WebArea
from ari_app.web.assets import Assets
from ari_app.web.contact_answers import ContactAnswers
from ari_app.web.oidc.client import Provider, ProviderOptions
from ari_app.web.relay import PhoneOptions, Relay
from ari_app.web.rendering import Renderer
from ari_app.web.scripts import WebScripts
from ari_app.web.theme import Theme
from ari_app.web.trial.site import Trial, TrialOptions

if TYPE_CHECKING:
    from ari_app.web.live.hub import Hub

ISSUER = "14+netnummer"
LOGIN_COOKIE = "sid"
#: JSON-LD, a piece of a page, and a calendar
CONTACT_FORMS = 3


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """`url`: the address of the pages as people type it. `trusted`: networks in which accounts that have no roles but
    the trusted ones need no code. `proxies`: those whose `X-Forwarded-For` is believed. `theme`: the house style.
    `contact`: the mail address of the people who manage the pages. `provider`: the identity
    provider by which people may log in. `passkeys`: for what browsers give them; None: not at this address.
    `phone`: the Asterisk at which a page may be a phone. `trial`: the demonstration's phone of a citizen.
    """

    url: str
    trusted: tuple[Network, ...] = ()
    trusted_roles: frozenset[Role] = frozenset({Role.OPERATOR})
    proxies: tuple[Network, ...] = ()
    theme: Theme | None = None
    contact: str = ""
    provider: ProviderOptions | None = None
    passkeys: RelyingParty | None = None
    phone: PhoneOptions | None = None
    trial: TrialOptions | None = None

    @property
    def is_https(self) -> bool:
        return urlsplit(self.url).scheme == "https"


@dataclass(frozen=True, slots=True)
class Site:
    pool: Pool
    options: SiteOptions
    pages: Renderer
    assets: Assets
    passwords: Passwords
    hub: Hub
    answers: Answers
    area: WebArea
    now: Callable[[], datetime]
    provider: Provider | None = None
    relay: Relay | None = None
    trial: Trial | None = None
    scripts: WebScripts = field(default_factory=WebScripts)
    contact: ContactAnswers = field(default_factory=lambda: ContactAnswers(CONTACT_FORMS))

    @property
    def cookie(self) -> str:
        """The name of the cookie of a login."""
        return self.cookie_named(LOGIN_COOKIE)

    def cookie_named(self, word: str) -> str:
        """The name of one of our cookies (`web.cookies`)."""
        return f"__Host-{word}" if self.options.is_https else word


SITE: web.AppKey[Site] = web.AppKey("site")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is logged in and may do what the route says."""

    request: web.Request
    site: Site
    session: WebSession
    actor: Actor
