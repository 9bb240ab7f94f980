"""The tables of the area: written by imports, read as one `Area`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ari_app.core.area import AfterCalamity, CheckResult, EntryKind, Reach, Whisper
from ari_app.storage.tables.columns import (
    flag,
    instant,
    key,
    metadata,
    one_of,
    optional_instant,
    optional_text,
    refers,
    row_id,
    seconds,
    text,
)

municipality = sa.Table(
    "municipality",
    metadata,
    key("code"),  # CBS code, "GM9901"
    text("name"),
    optional_text("spoken"),  # a spelling that the synthesizer pronounces as the name
    sa.Column("aliases", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("valid_from", sa.Date),  # municipalities merge; first day and
    sa.Column("valid_until", sa.Date),  # first day no longer
    seconds("answer_within_seconds", 25),
    seconds("overflow_after_seconds", 60),
    seconds("max_wait_seconds", 900),
    seconds("position_every_seconds", 45),
    seconds("nobody_grace_seconds", 60),
    seconds("transfer_ring_seconds", 25),
    flag("open_on_legal_days"),
    sa.CheckConstraint("valid_from < valid_until", name="valid_in_order"),
    sa.CheckConstraint(
        "answer_within_seconds > 0 AND overflow_after_seconds >= 0 AND max_wait_seconds > 0"
        " AND position_every_seconds > 0 AND nobody_grace_seconds >= 0"
        " AND transfer_ring_seconds > 0",
        name="norms_positive",
    ),
)

shared_number = sa.Table(
    "shared_number",
    metadata,
    key("digits"),  # "140119"
    refers("default_municipality", "municipality.code", nullable=True),  # null: any operator of the number
    seconds("choose_within_seconds", 15),
    sa.CheckConstraint("choose_within_seconds > 0", name="choose_within_positive"),
)

shared_number_member = sa.Table(
    "shared_number_member",
    metadata,
    key("shared_number", "shared_number.digits"),
    key("municipality", "municipality.code"),
    sa.Column("menu_key", sa.SmallInteger, nullable=False),
    sa.Column("technical_since", sa.Date),
    sa.Column("operational_since", sa.Date),
    sa.CheckConstraint("menu_key BETWEEN 1 AND 9", name="menu_key_on_keypad"),
    sa.UniqueConstraint("shared_number", "menu_key"),
)

member_consultation = sa.Table(
    "member_consultation",
    metadata,
    row_id(),
    text("shared_number"),
    text("municipality"),
    text("neighbour"),
    sa.Column("on_date", sa.Date, nullable=False),
    text("kind"),
    text("author"),
    one_of("kind", ("consulted", "informed")),
    sa.ForeignKeyConstraint(
        ["shared_number", "municipality"],
        ["shared_number_member.shared_number", "shared_number_member.municipality"],
        ondelete="CASCADE",
    ),
    sa.UniqueConstraint(
        "shared_number", "municipality", "neighbour", "on_date", "kind", name="uq_member_consultation_once"
    ),
)

team = sa.Table(
    "team",
    metadata,
    key("code"),
    text("name"),
    text("reach", default=Reach.LINE),
    seconds("ring_seconds", 20),
    seconds("wrap_up_seconds", 30),
    text("whisper", default=Whisper.FULL),
    one_of("reach", Reach),
    one_of("whisper", Whisper),
    sa.CheckConstraint("ring_seconds > 0 AND wrap_up_seconds >= 0", name="seconds_positive"),
)

team_municipality = sa.Table(
    "team_municipality",
    metadata,
    key("team", "team.code"),
    key("municipality", "municipality.code"),
    text("level"),
    one_of("level", ("own", "help")),  # primary and secondary skill
)

operator = sa.Table(
    "operator",
    metadata,
    key("number"),  # keyed in at login
    text("name"),
    text("pin_hash"),  # argon2
)

operator_team = sa.Table(
    "operator_team",
    metadata,
    key("operator", "operator.number"),
    key("team", "team.code"),
)

#: A view: the skills of an operator follow from the teams. `subject` is null (every subject) until subjects exist.
operator_skill = sa.table(
    "operator_skill",
    sa.column("operator", sa.Text),
    sa.column("municipality", sa.Text),
    sa.column("subject", sa.Text),
    sa.column("level", sa.Text),
)
OPERATOR_SKILL_VIEW = """\
CREATE VIEW operator_skill AS
SELECT t.operator, m.municipality, NULL::text AS subject, max(m.level) AS level
FROM operator_team t JOIN team_municipality m ON m.team = t.team
GROUP BY t.operator, m.municipality"""  # 'own' sorts after 'help'

direct_number = sa.Table(
    "direct_number",
    metadata,
    key("e164"),
    refers("municipality", "municipality.code"),
    text("kind"),
    refers("operator", "operator.number", nullable=True),
    refers("team", "team.code", nullable=True),
    optional_text("endpoint"),
    refers("deputy_operator", "operator.number", nullable=True),
    optional_text("deputy_endpoint"),
    one_of("kind", ("geographic", "direct")),  # geographic: the municipality's own number, for callers from abroad
    sa.CheckConstraint("num_nonnulls(operator, team, endpoint) <= 1", name="one_target"),
    sa.CheckConstraint(
        "kind = 'direct' OR num_nonnulls(operator, team, endpoint) = 0", name="geographic_has_no_target"
    ),
    sa.CheckConstraint(
        "num_nonnulls(deputy_operator, deputy_endpoint) <= num_nonnulls(operator, team, endpoint)",
        name="one_deputy_of_somebody",
    ),
)

opening_hours = sa.Table(
    "opening_hours",
    metadata,
    key("municipality", "municipality.code"),
    sa.Column("weekday", sa.SmallInteger, primary_key=True, autoincrement=False),  # 0 = Monday
    sa.Column("opens", sa.Time, primary_key=True),
    sa.Column("closes", sa.Time, nullable=False),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_known"),
    sa.CheckConstraint("opens < closes OR closes = '00:00'", name="in_order"),  # 00:00 is the end of the day
)

closing = sa.Table(
    "closing",
    metadata,
    row_id(),
    sa.Column("municipality", sa.Text, sa.ForeignKey("municipality.code", ondelete="CASCADE"), nullable=False),
    instant("starts_at"),
    instant("ends_at"),
    text("reason"),
    sa.CheckConstraint("starts_at < ends_at", name="in_order"),
    sa.UniqueConstraint("municipality", "starts_at", "ends_at"),
)

#: Legal days on which a municipality is open nevertheless.
open_day = sa.Table(
    "open_day",
    metadata,
    key("municipality", "municipality.code"),
    sa.Column("day", sa.Date, primary_key=True),
)

#: Designated days besides those that are built in (Algemene termijnenwet art. 3), with the decree that names them.
special_day = sa.Table(
    "special_day",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    text("name"),
    text("source"),
)

#: The directory. `deputy` is the code of another entry, which may be missing: the nightly check reports that.
directory_entry = sa.Table(
    "directory_entry",
    metadata,
    key("code"),
    text("kind"),
    text("name"),
    refers("municipality", "municipality.code"),
    text("subject", default=""),
    sa.Column("extension", sa.Text, unique=True),
    optional_text("endpoint"),
    optional_text("pii_number"),  # E.164
    refers("operator", "operator.number", nullable=True),
    refers("team", "team.code", nullable=True),
    refers("queue", "municipality.code", nullable=True),
    optional_text("deputy"),
    sa.Column("keywords", ARRAY(sa.Text), nullable=False, server_default="{}"),
    flag("shared"),
    flag("has_hours"),  # without them: always; with them and no row in directory_entry_hours: never
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_until", sa.Date),
    optional_instant("last_checked_at"),
    optional_text("last_check"),
    one_of("kind", EntryKind),
    one_of("last_check", CheckResult),
    sa.CheckConstraint("num_nonnulls(endpoint, pii_number, operator, team, queue) = 1", name="one_target"),
    sa.CheckConstraint("valid_from < valid_until", name="valid_in_order"),
    sa.CheckConstraint("(last_checked_at IS NULL) = (last_check IS NULL)", name="check_is_whole"),
    sa.Index("ix_directory_entry_municipality", "municipality"),
)

directory_entry_hours = sa.Table(
    "directory_entry_hours",
    metadata,
    key("entry", "directory_entry.code"),
    sa.Column("weekday", sa.SmallInteger, primary_key=True, autoincrement=False),  # 0 = Monday
    sa.Column("opens", sa.Time, primary_key=True),
    sa.Column("closes", sa.Time, nullable=False),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_known"),
    sa.CheckConstraint("opens < closes OR closes = '00:00'", name="in_order"),  # 00:00 is the end of the day
)

#: Files that were followed (`storage.area.marks`). `text_hash` is argon2: a file may hold PINs.
followed_file = sa.Table(
    "followed_file",
    metadata,
    key("key"),
    text("text_hash"),
    text("area_digest"),
    sa.Column("names", ARRAY(sa.Text), nullable=False),
    sa.Column("warnings", ARRAY(sa.Text), nullable=False),
    instant("followed_at"),
)

#: Countries whose numbers may be called besides Dutch ones, by ISO 3166 code.
callable_country = sa.Table("callable_country", metadata, key("country"))

#: Jobs that run once a day, however many processes there are; a run that died is taken over.
nightly_run = sa.Table(
    "nightly_run",
    metadata,
    key("job"),
    sa.Column("day", sa.Date, primary_key=True),  # in the Netherlands
    instant("started_at"),
    optional_instant("finished_at"),
)

calamity = sa.Table(
    "calamity",
    metadata,
    row_id(),
    sa.Column("municipality", sa.Text, sa.ForeignKey("municipality.code", ondelete="CASCADE"), nullable=False),
    instant("from_at"),
    optional_instant("until_at"),
    text("text"),
    text("then", default=AfterCalamity.QUEUE),  # a reserved word: quote it in SQL
    text("author"),
    instant("created_at"),
    optional_text("ended_by"),
    sa.CheckConstraint("\"then\" IN ('queue', 'end')", name="then_known"),
    sa.CheckConstraint("from_at <= until_at", name="in_order"),
    sa.Index("ix_calamity_municipality", "municipality"),
)
