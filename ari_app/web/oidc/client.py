"""The identity provider as a server: where its doors are, its keys, and what it gives for a code."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from ari_app.core.provider import ProviderPerson, ProviderRules, person_of, session_of
from ari_app.web.oidc.tokens import ProviderLogout, TokenRefused, UnknownKey, verified_claims, verified_logout

SCOPE = "openid profile email"
#: somebody waits before a blank page
TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3)
LARGEST_ANSWER = 1024 * 1024
#: a login begins at a provider that answered so long ago: else its people would see an error of their browser
CHECKED_FOR = timedelta(seconds=2)
#: and ends with doors and keys that were read so long ago
KEPT_FOR = timedelta(hours=1)
#: a token with an unknown key makes us ask for the keys anew, but not more often than this
ASK_AGAIN_AFTER = timedelta(seconds=30)
_DISCOVERY = "/.well-known/openid-configuration"


# A provider that sends us elsewhere is not followed anywhere here: the code and the secret would go along.


class ProviderAway(Exception):
    """No answer, or none that makes sense; the text is for the log, and holds no secret."""


@dataclass(frozen=True, slots=True)
class ProviderOptions:
    """`name`: what people call it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    rules: ProviderRules
    name: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """What one login keeps in its browser from its beginning to its end."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next_path: str


@dataclass(frozen=True, slots=True)
class _Doors:
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    says_issuer: bool
    by_post: bool
    end_session: str | None


class Provider:
    """For one process."""

    def __init__(self, options: ProviderOptions, own_url: str, now: Callable[[], datetime]) -> None:
        self.options = options
        self._redirect = f"{own_url}/inloggen/oidc/terug"
        self._logged_out = f"{own_url}/inloggen/oidc/uit"
        self._now = now
        self._doors: tuple[float, _Doors] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._away: tuple[float, str] | None = None
        self._turn = asyncio.Lock()

    async def begin(self, next_path: str) -> tuple[str, Handshake]:
        """The address at the provider to which a browser goes, and what it keeps meanwhile. Raises ProviderAway."""
        doors = await self._found_doors(CHECKED_FOR)
        made = Handshake(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), next_path)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(made.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.options.client_id,
            "redirect_uri": self._redirect,
            "scope": SCOPE,
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(doors.authorization).query else "?"
        return f"{doors.authorization}{joint}{urlencode(query)}", made

    async def finish(self, kept: Handshake, code: str, said_issuer: str | None) -> ProviderPerson:
        """Who came back with this code. Raises TokenRefused, ProviderAway."""
        doors = await self._found_doors(KEPT_FOR)
        if said_issuer != self.options.issuer and (said_issuer is not None or doors.says_issuer):
            raise TokenRefused("issuer_of_answer")  # a code of another provider (RFC 9207)
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            tokens = await self._exchange(session, doors, code, kept.verifier)
            token, access = tokens.get("id_token"), tokens.get("access_token")
            if not isinstance(token, str):
                raise TokenRefused("no_token")
            claims = await self._claims(session, doors, token, kept.nonce)
            told = await self._userinfo(session, doors, access) if doors.userinfo and isinstance(access, str) else {}
        if told and told.get("sub") != claims.get("sub"):
            raise TokenRefused("userinfo")
        person = person_of(self.options.issuer, {**claims, **told}, self.options.rules)
        if person is None:
            raise TokenRefused("subject")
        return replace(person, session=session_of(claims))

    async def logout(self) -> tuple[str, str] | None:
        """The address at the provider where a browser logs out, and the state with which it comes back.

        None: it has no such door, or does not answer. No identity token is kept to go along: the provider knows us by
        `client_id`, and may ask the person whether they mean it.
        """
        try:
            doors = await self._found_doors(KEPT_FOR)
        except ProviderAway:
            return None
        if doors.end_session is None:
            return None
        state = secrets.token_urlsafe(32)
        query = {"client_id": self.options.client_id, "post_logout_redirect_uri": self._logged_out, "state": state}
        joint = "&" if urlsplit(doors.end_session).query else "?"
        return f"{doors.end_session}{joint}{urlencode(query)}", state

    async def heard_logout(self, token: str) -> ProviderLogout:
        """What a logout token says, once it is sure that it is this provider's. Raises TokenRefused, ProviderAway."""
        doors = await self._found_doors(KEPT_FOR)
        options, now = self.options, self._now()
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            keys = await self._found_keys(session, doors, KEPT_FOR)
            try:
                return verified_logout(token, keys, issuer=options.issuer, client_id=options.client_id, now=now)
            except UnknownKey:
                keys = await self._found_keys(session, doors, ASK_AGAIN_AFTER)
                return verified_logout(token, keys, issuer=options.issuer, client_id=options.client_id, now=now)

    async def _claims(self, session: aiohttp.ClientSession, doors: _Doors, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            return self._verified(token, await self._found_keys(session, doors, KEPT_FOR), nonce)
        except UnknownKey:
            return self._verified(token, await self._found_keys(session, doors, ASK_AGAIN_AFTER), nonce)

    def _verified(self, token: str, keys: KeySet, nonce: str) -> Mapping[str, Any]:
        issuer, client_id = self.options.issuer, self.options.client_id
        return verified_claims(token, keys, issuer=issuer, client_id=client_id, nonce=nonce, now=self._now())

    async def _found_doors(self, not_older: timedelta) -> _Doors:
        async with self._turn:
            now = monotonic()
            if self._away is not None and now - self._away[0] < CHECKED_FOR.total_seconds():
                raise ProviderAway(self._away[1])  # whoever waited for their turn need not wait for it as well
            if self._doors is None or now - self._doors[0] >= not_older.total_seconds():
                try:
                    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                        address = self.options.issuer.rstrip("/") + _DISCOVERY
                        said = await _json_of(session.get(address, allow_redirects=False))
                    self._doors, self._away = (monotonic(), _doors_of(said, self.options.issuer)), None
                except ProviderAway as away:
                    self._away = monotonic(), str(away)
                    raise
            return self._doors[1]

    async def _found_keys(self, session: aiohttp.ClientSession, doors: _Doors, not_older: timedelta) -> KeySet:
        async with self._turn:
            if self._keys is None or monotonic() - self._keys[0] > not_older.total_seconds():
                said = await _json_of(session.get(doors.keys, allow_redirects=False))
                self._keys = monotonic(), _keys_of(said)
            return self._keys[1]

    async def _exchange(
        self, session: aiohttp.ClientSession, doors: _Doors, code: str, verifier: str
    ) -> Mapping[str, Any]:
        options = self.options
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        headers = {}
        if doors.by_post:
            form |= {"client_id": options.client_id, "client_secret": options.client_secret}
        else:  # RFC 6749, 2.3.1: both are encoded as in a form first
            login, password = quote_plus(options.client_id), quote_plus(options.client_secret)
            headers["Authorization"] = aiohttp.encode_basic_auth(login, password)
        return await _json_of(
            session.post(doors.token, data=form, headers=headers, allow_redirects=False), refuses=True
        )

    async def _userinfo(self, session: aiohttp.ClientSession, doors: _Doors, access: str) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {access}"}
        return await _json_of(session.get(doors.userinfo or "", headers=headers, allow_redirects=False))


async def _json_of(
    asking: AbstractAsyncContextManager[aiohttp.ClientResponse], *, refuses: bool = False
) -> Mapping[str, Any]:
    """`refuses`: an answer of 400 or 401 is about what was asked, and not about the provider.

    Raises ProviderAway, TokenRefused.
    """
    body = bytearray()
    try:
        async with asking as answer:
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise ProviderAway("its answer does not end")
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ProviderAway(type(error).__name__) from None
    if refuses and status in (400, 401):
        raise TokenRefused("code")
    if status != 200:
        raise ProviderAway(f"answered {status}")
    try:
        found = json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise ProviderAway("answered no JSON") from None
    if not isinstance(found, dict):
        raise ProviderAway("answered no object")
    return found


def _doors_of(said: Mapping[str, Any], issuer: str) -> _Doors:
    """Raises ProviderAway."""
    if said.get("issuer") != issuer:
        raise ProviderAway("it calls itself something else than ARI_APP_OIDC_ISSUER")
    methods = said.get("token_endpoint_auth_methods_supported")
    basic = not isinstance(methods, list) or "client_secret_basic" in methods
    return _Doors(
        _door(said, "authorization_endpoint", issuer),
        _door(said, "token_endpoint", issuer),
        _door(said, "jwks_uri", issuer),
        _door(said, "userinfo_endpoint", issuer) if said.get("userinfo_endpoint") else None,
        said.get("authorization_response_iss_parameter_supported") is True,
        not basic,
        _door(said, "end_session_endpoint", issuer) if said.get("end_session_endpoint") else None,
    )


def _door(said: Mapping[str, Any], name: str, issuer: str) -> str:
    """An address as safe as the provider's own. Raises ProviderAway."""
    found = said.get(name)
    if not isinstance(found, str):
        raise ProviderAway(f"it has no {name}")
    parts = urlsplit(found)
    if parts.scheme not in ("https", urlsplit(issuer).scheme) or not parts.netloc:
        raise ProviderAway(f"its {name} is no safe address")
    return found


def _keys_of(said: Mapping[str, Any]) -> KeySet:
    """The keys with which it may sign; those that nobody can read are left out. Raises ProviderAway."""
    listed = said.get("keys")
    if not isinstance(listed, list):
        raise ProviderAway("it shows no keys")
    found = []
    for one in listed:
        with suppress(JoseError, ValueError, TypeError, KeyError):
            if isinstance(one, dict) and one.get("kty") in ("RSA", "EC") and one.get("use", "sig") == "sig":
                found.append(JWKRegistry.import_key(one))
    return KeySet(found)
