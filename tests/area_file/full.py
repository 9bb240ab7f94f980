"""A small area in which every key of an area file stands once at least: what is damaged when files are fuzzed."""

from __future__ import annotations

from tests.storage.directory_files import PLAN

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dGhpc2lzbm90YXJlYWxoYXNoYnV0bG9uZ2Vub3VnaA"

FULL = f"""\
[[municipality]]
code = "GM9901"
name = "Oosterwende"
spoken = "Ooster-wende"
aliases = ["Wendermond", "'t Wold"]
valid_from = 2020-01-01
valid_until = 2030-01-01
open_on_days = [2026-04-03]
open_on_legal_days = true
geographic = ["+31 119 990 100", "0119-990101"]
[municipality.hours]
mon = ["08:30-12:00", "13:00-17:00"]
sun = ["20:00-24:00", "00:00-04:00"]
[municipality.norms]
answer_within_seconds = 20
overflow_after_seconds = 0
max_wait_seconds = 600
position_every_seconds = 30
nobody_grace_seconds = 0
[municipality.callback]
offered = false
keep_place = false
offer_after_seconds = 0
abandoned = true
team = "bel"
max_attempts = 5
retry_minutes = 60
call_from = "09:00"
call_until = "21:00"
personal_overdue_minutes = 0
remind_before_minutes = 90
most_per_caller = 2
most_per_number = 4
most_per_hour = 30
[municipality.retention]
numbers_days = 60
facts_days = 35
callbacks_days = 120
reminders_days = 40
audit_days = 800
[municipality.survey]
share = 25
questions = ["mark", "helped", "clear"]
[[municipality.closing]]
starts = 2026-12-24T15:00:00
ends = 2026-12-24
reason = "Kerstavond"
[[municipality.closing]]
starts = 2026-10-25T02:30:00+01:00
ends = 2026-10-25T02:45:00
reason = "Storing"
[[municipality.direct]]
number = "088 123 45 67"
endpoint = "PJSIP/phone_30"
deputy_operator = "101"
[[municipality.direct]]
number = "088 123 45 68"
team = "bel"
[[municipality.direct]]
number = "0119 990 105"
operator = "101"
deputy_endpoint = "PJSIP/phone_31"

[[municipality]]
code = "GM9902"
name = "Zandermeer"

[[shared_number]]
number = "14 0119"
default = "GM9901"
choose_within_seconds = 12
[[shared_number.member]]
municipality = "GM9901"
key = 1
technical_since = 2025-03-01
operational_since = 2025-04-01
consultation = [{{ neighbour = "Zandermeer", on = 2025-01-03, kind = "consulted", by = "KCC" }}]
[[shared_number.member]]
municipality = "GM9902"
key = 2

[[team]]
code = "kcc"
name = "KCC"
serves = ["GM9901"]
helps = ["GM9902"]
[[team]]
code = "bel"
name = "Bel"
serves = ["GM9902"]
reach = "ring"
ring_seconds = 12
wrap_up_seconds = 0
whisper = "none"
email = "bel@oosterwende.example"
reminder_phone = "0119 990 109"
supervisor = {{ email = "chef@oosterwende.example", phone = "PJSIP/phone09" }}

[[operator]]
number = "101"
name = "Anna"
teams = ["kcc"]
pin = "482100"
[[operator]]
number = "102"
name = "Bram"
teams = ["bel"]
pin_hash = "{HASH}"

[[special_day]]
day = 2029-05-11
name = "dag"
source = "KB"

[outside]
allow_countries = ["BE", "DE"]
{PLAN}
"""
