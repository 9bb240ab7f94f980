"""Accounts and their rights, the logins on the pages, and failures to log in (DESIGN: who may do what)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.core.access import Role
from ari_app.storage.tables.columns import flag, instant, key, metadata, one_of, optional_instant, optional_text, text


def _account(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column(
        "account", sa.Uuid, sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )


account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("login"),
    text("name"),
    optional_text("operator"),  # without a foreign key: an import may remove the operator
    optional_text("password_hash"),
    optional_text("totp_secret"),
    sa.Column("totp_step", sa.BigInteger),  # the last one whose code was used
    instant("created_at"),
    optional_instant("locked_at"),
    optional_instant("sets_factor_until"),  # the second factor was taken away: the next login sets a new one
    # For which municipalities whoever made the last link may give rights anyhow: they may know the password. Null: all.
    sa.Column("known_to", ARRAY(sa.Text)),
    sa.CheckConstraint("login = lower(login)", name="login_lower"),
    sa.Index("uq_account_login", "login", unique=True),
)

#: '' for municipality and team: for the whole group
account_role = sa.Table(
    "account_role",
    metadata,
    _account(primary_key=True),
    key("role"),
    key("municipality"),
    key("team"),
    flag("from_provider"),  # it follows what the identity provider says at each login
    one_of("role", Role),
    sa.CheckConstraint("municipality = '' OR team = ''", name="one_of_both"),
)

#: Whom an identity provider lets in to an account. One account has one such person, and the other way round.
account_subject = sa.Table(
    "account_subject",
    metadata,
    _account(primary_key=True),
    text("issuer"),
    text("subject"),
    # The municipalities of whoever said so: once the account is for others too, it counts no more. Null: all.
    sa.Column("known_to", ARRAY(sa.Text)),
    sa.Index("uq_account_subject_issuer", "issuer", "subject", unique=True),
)

#: The cookie of a login is not in the database, only its SHA-256. Rows that ended are kept for a while.
web_session = sa.Table(
    "web_session",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    _account(),
    instant("created_at"),
    instant("last_seen_at"),
    flag("waits_for_code"),  # the password was right; until the code is, it opens nothing
    text("agent"),
    optional_instant("ended_at"),
    optional_text("provider_issuer"),  # of a login that began by the identity provider
    optional_text("provider_sid"),  # what the provider calls its own login, when it says so
    flag("ended_by_provider"),  # its owner logged out there
    sa.Index("uq_web_session_token_hash", "token_hash", unique=True),
    sa.Index("ix_web_session_account", "account"),
)

#: Logouts of which the identity provider told us: each counts once. `id`: a digest of issuer and `jti`.
provider_logout = sa.Table(
    "provider_logout",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),
    instant("heard_at"),
)

#: The phone in the page of a login, at the Asterisk of this node. Its password is nowhere, only the digest that SIP
#: compares. `pushed_at`: when that Asterisk was given it; none: it has to be given it (again).
web_phone = sa.Table(
    "web_phone",
    metadata,
    sa.Column(
        "session", sa.Uuid, sa.ForeignKey("web_session.id", ondelete="CASCADE"), nullable=False, primary_key=True
    ),
    text("name"),
    text("digest"),
    text("node"),
    instant("made_at"),
    optional_instant("pushed_at"),
    sa.Index("uq_web_phone_name", "name", unique=True),
)

#: A link with which somebody sets their password once.
account_link = sa.Table(
    "account_link",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    _account(),
    instant("expires_at"),
    optional_instant("used_at"),
    sa.Index("ix_account_link_account", "account"),
)

#: Ten for each account; a used one is removed.
recovery_code = sa.Table(
    "recovery_code",
    metadata,
    _account(primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, primary_key=True),
)

#: What is public of a passkey; the secret stays with its owner's device. `credential`: what a browser knows it by.
passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    _account(),
    sa.Column("credential", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),  # 0: it does not count
    text("name"),
    instant("created_at"),
    optional_instant("last_used_at"),
    sa.Index("uq_passkey_credential", "credential", unique=True),
    sa.Index("ix_passkey_account", "account"),
)

#: An open question to one browser for a passkey; `token_hash`: of its cookie. Minutes old at most.
passkey_challenge = sa.Table(
    "passkey_challenge",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("challenge", sa.LargeBinary, nullable=False),
    instant("made_at"),
    sa.Index("ix_passkey_challenge_made_at", "made_at"),
)

#: `subject`: a digest of the name that was typed, of an address, or of an account whose code was asked; nothing else.
login_attempt = sa.Table(
    "login_attempt",
    metadata,
    key("subject"),
    sa.Column("failed_attempts", sa.Integer, nullable=False),
    instant("last_at"),
    optional_instant("locked_until_at"),
)
