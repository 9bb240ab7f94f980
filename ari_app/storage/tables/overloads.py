"""Overloads (`core.overloads`): when this machine had more callers than it could carry."""

from __future__ import annotations

import sqlalchemy as sa

from ari_app.core.admission import Signal, Step
from ari_app.storage.tables.columns import flag, instant, metadata, one_of, optional_instant, text

overload = sa.Table(
    "overload",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text("asterisk_id"),
    instant("began_at"),
    optional_instant("ended_at"),
    text("step"),  # the highest that was reached
    text("signal"),  # that asked for it
    sa.Column("turned_away", sa.Integer, nullable=False),  # callers whom the application told so
    flag("end_is_estimated"),
    one_of("step", [step.word for step in Step if step is not Step.NORMAL]),
    one_of("signal", Signal),
    sa.Index("ix_overload_began_at", "began_at"),
)
