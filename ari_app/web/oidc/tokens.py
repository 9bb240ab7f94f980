"""Tokens of an identity provider: whether one is of this provider, for us, of now, and for this login or a logout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ari_app.core.provider import LONGEST_SUBJECT, session_of

#: signatures with the provider's own key; "none", and HMAC with a secret that others may know, are not among them
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: clocks differ
LEEWAY = timedelta(seconds=60)
LONGEST_TOKEN = 65_536
#: a logout is told at once
LOGOUT_LASTS = timedelta(minutes=5)
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class TokenRefused(Exception):
    """The provider's token is not to be believed; the text is one word, for the log."""


class UnknownKey(TokenRefused):
    """It is signed with a key that the provider did not show: it may have got a new one."""


def verified_claims(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of an identity token. Raises TokenRefused."""
    claims = _signed(token, keys)
    audiences = _for_us(claims, issuer, client_id)
    party = claims.get("azp")
    if (len(audiences) > 1 and party is None) or party not in (None, client_id):
        raise TokenRefused("audience")
    if claims.get("nonce") != nonce:
        raise TokenRefused("nonce")
    if not _moment(claims, "exp") > now - LEEWAY:
        raise TokenRefused("expired")
    if _moment(claims, "iat") > now + LEEWAY or ("nbf" in claims and _moment(claims, "nbf") > now + LEEWAY):
        raise TokenRefused("not_yet")
    return claims


@dataclass(frozen=True, slots=True)
class ProviderLogout:
    """Somebody logged out at the provider: of one login there (`sid`), of all of a person (`subject`), or both said."""

    token_id: str
    subject: str | None
    sid: str | None


def verified_logout(token: str, keys: KeySet, *, issuer: str, client_id: str, now: datetime) -> ProviderLogout:
    """What a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.6); whether it came before is the caller's.

    Raises TokenRefused.
    """
    claims = _signed(token, keys)
    if str(jws.extract_compact(token.encode()).headers().get("typ", "JWT")).lower() not in ("logout+jwt", "jwt"):
        raise TokenRefused("type")
    _for_us(claims, issuer, client_id)
    # Some providers give no end: so it counts for a few minutes from its beginning, whatever its end.
    if not now - LOGOUT_LASTS - LEEWAY < _moment(claims, "iat") <= now + LEEWAY:
        raise TokenRefused("expired")
    if "exp" in claims and not _moment(claims, "exp") > now - LEEWAY:
        raise TokenRefused("expired")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise TokenRefused("events")
    if "nonce" in claims:  # an identity token is no logout
        raise TokenRefused("nonce")
    token_id, subject, sid = claims.get("jti"), claims.get("sub"), session_of(claims)
    if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_SUBJECT:
        raise TokenRefused("jti")
    if ("sid" in claims and sid is None) or (subject is None and sid is None):
        raise TokenRefused("subject")
    if subject is not None and (not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT):
        raise TokenRefused("subject")
    if "\x00" in token_id or "\x00" in (subject or ""):  # Postgres stores no such text
        raise TokenRefused("subject")
    return ProviderLogout(token_id, subject, sid)


def _for_us(claims: Mapping[str, Any], issuer: str, client_id: str) -> list[Any]:
    """All for whom it is. Raises TokenRefused."""
    if claims.get("iss") != issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise TokenRefused("audience")
    return audiences


def _signed(token: str, keys: KeySet) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN or not keys.keys:
        raise TokenRefused("no_keys" if not keys.keys else "size")
    try:
        header = jws.extract_compact(token.encode()).headers()
        if header.get("alg") not in ALGORITHMS:
            raise TokenRefused("algorithm")
        if "kid" in header and header["kid"] not in {key.kid for key in keys.keys}:
            raise UnknownKey("key")
        signed = jws.deserialize_compact(token, keys, algorithms=list(ALGORITHMS))
        claims = _json(signed.payload)
    except (JoseError, ValueError, TypeError, KeyError):
        raise TokenRefused("signature") from None
    return claims


def _json(payload: bytes) -> Mapping[str, Any]:
    found = json.loads(payload)
    if not isinstance(found, dict):
        raise TypeError("claims are an object")
    return found


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    """Raises TokenRefused for what is no moment."""
    said = claims.get(name)
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise TokenRefused(name)
    try:
        return datetime.fromtimestamp(said, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenRefused(name) from None
