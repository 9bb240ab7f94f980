"""A small authenticator with real keys (P-256), and the browser around it; it tells the truth, or lies as a test wants.

It answers what our pages ask, as `client/passkey.js` sends it. `overrides` go over what a true answer would say.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "https://kcc.gemeente.example"
PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40
_ASKED = re.compile(r'data-passkey="([^"]*)"')


def asked_in(html: str) -> dict[str, Any]:
    """What a page asks of the browser."""
    (found,) = _ASKED.findall(html)
    said: dict[str, Any] = json.loads(unescape(found))
    return said


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """With one passkey at most. `count`: how often it was used; 0: it does not count."""

    origin: str = ORIGIN
    domain: str | None = None  # another one than it is asked for
    flags: int = PRESENT | VERIFIED
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signs_with: ec.EllipticCurvePrivateKey | None = None
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    owner: bytes | None = None
    client_data: dict[str, Any] = field(default_factory=dict)
    algorithm: int = -7
    attestation: dict[str, Any] = field(default_factory=dict)  # what it says of its maker

    def made(self, asked: dict[str, Any]) -> str:
        """The answer to a question for a new passkey."""
        self.owner = decoded(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: self.algorithm, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(public)
        data = self._data(asked["rp"]["id"], HAS_KEY) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data} | self.attestation)
        client_data = self._client_data("webauthn.create", asked["challenge"])
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def used(self, asked: dict[str, Any]) -> str:
        """The answer to a question for one that is there."""
        self.count += bool(self.count)
        data, client_data = self._data(asked["rpId"], 0), self._client_data("webauthn.get", asked["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        signature = (self.signs_with or self.key).sign(signed, ec.ECDSA(hashes.SHA256()))
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature}
        return self._answer(**parts, **({} if self.owner is None else {"userHandle": self.owner}))

    def _data(self, domain: str, more: int) -> bytes:
        of = hashlib.sha256((self.domain or domain).encode()).digest()
        return of + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | self.client_data).encode()

    def _answer(self, **parts: bytes) -> str:
        response = {name: encoded(raw) for name, raw in parts.items()}
        known_by = encoded(self.credential)
        return json.dumps({"id": known_by, "rawId": known_by, "type": "public-key", "response": response})
