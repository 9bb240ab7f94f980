"""Questions to a browser for a passkey, and its answers: `webauthn` checks them, and this says what counts here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import webauthn
from webauthn.helpers import (
    encode_cbor,
    options_to_json,
    parse_authentication_credential_json,
    parse_cbor,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ari_app.core.access import Actor
from ari_app.core.passkeys import CHALLENGE_LASTS, RelyingParty
from ari_app.web.site import ISSUER

LONGEST_ANSWER = 16_384
LONGEST_CREDENTIAL = 1023  # WebAuthn, 5.8.3
_TIMEOUT = int(CHALLENGE_LASTS.total_seconds() * 1000)
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
#: what the library raises for an answer that makes no sense, besides its own: it reads what anybody may have written
_NONSENSE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class PasskeyRefused(Exception):
    """The answer of a browser is not to be believed; the text is for the log."""


@dataclass(frozen=True, slots=True)
class MadePasskey:
    """What is kept of a new one: nothing in it is secret."""

    credential: bytes
    public_key: bytes
    sign_count: int


def question_for_new(party: RelyingParty, actor: Actor, challenge: bytes, there: Sequence[bytes]) -> str:
    """In JSON. `there`: those that this account has. It has to know its owner, and be found without a name."""
    options = webauthn.generate_registration_options(
        rp_id=party.domain,
        rp_name=ISSUER,
        user_id=actor.account.bytes,
        user_name=actor.login,
        user_display_name=actor.name,
        challenge=challenge,
        timeout=_TIMEOUT,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in there],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json(options)


def question(party: RelyingParty, challenge: bytes, allowed: Sequence[bytes] = ()) -> str:
    """In JSON. `allowed`: those of an account whose password was right; none: any, which has to know its owner."""
    verification = UserVerificationRequirement.PREFERRED if allowed else UserVerificationRequirement.REQUIRED
    options = webauthn.generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge,
        timeout=_TIMEOUT,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
        user_verification=verification,
    )
    return options_to_json(options)


def new_passkey(party: RelyingParty, answer: str, challenge: bytes) -> MadePasskey:
    """Which make a device is of is not asked, and what it says of that is not read. Raises PasskeyRefused."""
    try:
        said = parse_registration_credential_json(_sized(answer))
        said.response.attestation_object = _without_attestation(said.response.attestation_object)
        made = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _NONSENSE as error:
        raise PasskeyRefused(_why(error)) from None
    if not 0 < len(made.credential_id) <= LONGEST_CREDENTIAL:
        raise PasskeyRefused("credential")
    return MadePasskey(made.credential_id, made.credential_public_key, made.sign_count)


def credential_of(answer: str) -> tuple[bytes, bytes | None]:
    """Which passkey an answer says it is of, and whose; nothing of it is sure yet. Raises PasskeyRefused."""
    try:
        said = parse_authentication_credential_json(_sized(answer))
        if parse_client_data_json(said.response.client_data_json).cross_origin:
            raise PasskeyRefused("frame")  # our pages are in no page of others
    except _NONSENSE as error:
        raise PasskeyRefused(_why(error)) from None
    return said.raw_id, said.response.user_handle


def used_passkey(
    party: RelyingParty, answer: str, challenge: bytes, public_key: bytes, sign_count: int, *, knows_owner: bool
) -> int:
    """How often it was used by now, as it says; `knows_owner`: it has to have seen a finger, a face or a PIN.

    Raises PasskeyRefused.
    """
    try:
        used = webauthn.verify_authentication_response(
            credential=_sized(answer),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=knows_owner,
        )
    except _NONSENSE as error:
        raise PasskeyRefused(_why(error)) from None
    return used.new_sign_count


def _without_attestation(whole: bytes) -> bytes:
    """The same passkey without certificates and signatures of its maker: strangers may write any there."""
    return encode_cbor({"fmt": AttestationFormat.NONE.value, "attStmt": {}, "authData": parse_cbor(whole)["authData"]})


def _sized(answer: str) -> str:
    if not 0 < len(answer) <= LONGEST_ANSWER:
        raise PasskeyRefused("size")
    return answer


def _why(error: BaseException) -> str:
    """The kind only: a text of the library may repeat what a stranger wrote."""
    return type(error).__name__
