"""A small identity provider with real RSA keys over loopback HTTP, which tells the truth, or lies as a test wants.

It asks nobody for a password: whoever comes is `person`. Codes work once, for their verifier, redirect and client.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jws
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ari-app", "tussen ons: 0123+456/789"


@cache
def key(name: str) -> RSAKey:
    """Each takes a tenth of a second to make."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@dataclass
class IdentityProvider:
    """`claims` go over those of a true token, `userinfo` over what its userinfo says; a value of None takes one out."""

    person: dict[str, Any] = field(default_factory=lambda: {"sub": "4f1", "preferred_username": "dirk", "name": "Dirk"})
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)  # over the parameters with which the browser goes back
    signs_with: str = "first"
    shows: tuple[str, ...] = ("first",)
    signature: Callable[[bytes], str] | None = None
    is_away: bool = False
    stays: bool = False  # a browser that comes to log out goes nowhere
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    issuer: str = ""
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _access: dict[str, dict[str, Any]] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._watch])
        app.router.add_get("/realm/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/realm/keys", self._keys)
        app.router.add_get("/realm/authorize", self._authorize)
        app.router.add_post("/realm/token", self._token)
        app.router.add_get("/realm/userinfo", self._tell)
        app.router.add_get("/realm/end", self._end)
        return app

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path.removeprefix("/realm/"))
        if self.is_away:
            raise web.HTTPBadGateway
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _discovery(self, _: web.Request) -> web.Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "authorization_response_iss_parameter_supported": True,
            "end_session_endpoint": f"{self.issuer}/end",
            **self.metadata,
        }
        return web.json_response({name: value for name, value in said.items() if value is not None})

    async def _keys(self, _: web.Request) -> web.Response:
        strange = [{"kty": "OKP", "crv": "odd"}, {"kty": "RSA"}, "no key"]
        return web.json_response({"keys": [*strange, *(key(name).as_dict(private=False) for name in self.shows)]})

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        assert query["response_type"] == "code" and query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer, **self.answer}
        where = f"{query['redirect_uri']}?{urlencode({name: text for name, text in back.items() if text})}"
        return web.Response(status=302, headers={"Location": where})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self._codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        if asked is None or challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        access = secrets.token_urlsafe(16)
        self._access[access] = {**self.person, **self.userinfo}
        return web.json_response(
            {"access_token": access, "token_type": "Bearer", "id_token": self._signed(asked["nonce"])}
        )

    def _is_client(self, request: web.Request, form: Any) -> bool:
        if "Authorization" not in request.headers:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        sent = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        # As in a form: RFC 6749, 2.3.1.
        return sent == ":".join(urlencode({"": text})[1:] for text in (CLIENT, SECRET))

    def _signed(self, nonce: str) -> str:
        at = int(self.now().timestamp())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": at,
            "exp": at + 300,
            "nonce": nonce,
            "sub": self.person["sub"],
        }
        return self._token_of({**said, **self.claims})

    def logout_token(self, typ: str | None = "logout+jwt", **claims: Any) -> str:
        """Of the person's logout, unless the claims say otherwise; None takes one out."""
        at = int(self.now().timestamp())
        said = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": at,
            "exp": at + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            "sub": self.person["sub"],
        }
        return self._token_of({**said, **claims}, typ)

    def _token_of(self, claims: dict[str, Any], typ: str | None = None) -> str:
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        if self.signature is not None:
            return self.signature(payload)
        header = {"alg": "RS256", "kid": self.signs_with} | ({"typ": typ} if typ else {})
        return jws.serialize_compact(header, payload, key(self.signs_with))

    async def _end(self, request: web.Request) -> web.Response:
        """Logs out whoever comes, and sends them back; or leaves the page as it is."""
        query = dict(request.query)
        assert query["client_id"] == CLIENT and "id_token_hint" not in query
        if self.stays:
            return web.Response(status=204)
        where = f"{query['post_logout_redirect_uri']}?{urlencode({'state': query['state']})}"
        return web.Response(status=302, headers={"Location": where})

    async def _tell(self, request: web.Request) -> web.Response:
        said = self._access[request.headers["Authorization"].removeprefix("Bearer ")]
        return web.json_response({name: value for name, value in said.items() if value is not None})


def unsigned(payload: bytes) -> str:
    """A token with the algorithm that asks for no signature."""
    return ".".join([_part(b'{"alg":"none"}'), _part(payload), ""])


def signed_with_what_is_public(payload: bytes) -> str:
    """As if the public key were a secret that we share with the provider: whoever has it can make one."""
    said = f"{_part(json.dumps({'alg': 'HS256', 'kid': 'first'}).encode())}.{_part(payload)}"
    return f"{said}.{_part(hmac.digest(key('first').as_pem(private=False), said.encode(), 'sha256'))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@asynccontextmanager
async def a_provider(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AsyncIterator[IdentityProvider]:
    """For the time of the block."""
    provider = IdentityProvider(now=now)
    server = TestServer(provider.app())
    async with server:
        provider.issuer = str(server.make_url("/realm"))
        yield provider
