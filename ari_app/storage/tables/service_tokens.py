"""Tokens of other programs: what each may do by the API, for which municipalities, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.storage.tables.columns import instant, metadata, optional_instant, optional_text, text

#: Only the SHA-256 of the token is here. `municipalities`: null for the whole group. `operator`: the one whom "ik"
#: means; without a foreign key, for an import may remove the operator.
service_token = sa.Table(
    "service_token",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    text("name"),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("municipalities", ARRAY(sa.Text)),
    optional_text("operator"),
    sa.Column("most_per_minute", sa.Integer, nullable=False),
    text("created_by"),
    instant("created_at"),
    instant("expires_at"),
    optional_instant("used_at"),  # by the hour: whether a program still uses it
    optional_instant("ended_at"),
    optional_text("ended_by"),
    sa.CheckConstraint("municipalities <> '{}'", name="of_somebody"),
    sa.CheckConstraint("scopes <> '{}'", name="for_something"),
    sa.CheckConstraint("most_per_minute > 0", name="some_per_minute"),
    sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_is_whole"),
    sa.Index("uq_service_token_token_hash", "token_hash", unique=True),
    sa.Index("uq_service_token_name", "name", unique=True),
)
