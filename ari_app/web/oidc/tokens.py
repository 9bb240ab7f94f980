"""An identity token: whether it is of this provider, for us, for this very login, and of now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

#: signatures with the provider's own key; "none", and HMAC with a secret that others may know, are not among them
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: clocks differ
LEEWAY = timedelta(seconds=60)
LONGEST_TOKEN = 65_536


class TokenRefused(Exception):
    """The provider's token is not to be believed; the text is one word, for the log."""


class UnknownKey(TokenRefused):
    """It is signed with a key that the provider did not show: it may have got a new one."""


def verified_claims(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of an identity token. Raises TokenRefused."""
    claims = _signed(token, keys)
    if claims.get("iss") != issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    if client_id not in audiences or (len(audiences) > 1 and party is None) or party not in (None, client_id):
        raise TokenRefused("audience")
    if claims.get("nonce") != nonce:
        raise TokenRefused("nonce")
    if not _moment(claims, "exp") > now - LEEWAY:
        raise TokenRefused("expired")
    if _moment(claims, "iat") > now + LEEWAY or ("nbf" in claims and _moment(claims, "nbf") > now + LEEWAY):
        raise TokenRefused("not_yet")
    return claims


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
