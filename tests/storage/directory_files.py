"""A small area with a directory, as files; a test adds what it is about."""

from __future__ import annotations

AREA = """
[[municipality]]
code = "GM9901"
name = "Oosterwende"
[[municipality]]
code = "GM9902"
name = "Zandermeer"
[[team]]
code = "kcc"
name = "KCC"
serves = ["GM9901", "GM9902"]
[[operator]]
number = "101"
name = "Anna"
teams = ["kcc"]
pin = "4821"
"""

PLAN = """
[[directory_entry]]
code = "oosterwende-belastingen"
kind = "department"
name = "Belastingen"
municipality = "GM9901"
subject = "belastingen"
extension = "2010"
endpoint = "PJSIP/phone09"
hours = { mon = ["08:30-12:00", "13:00-17:00"], fri = ["08:30-12:00"] }
deputy = "oosterwende-jan"
keywords = ["ozb", "hondenbelasting"]
valid_from = 2026-01-01
valid_until = 2030-01-01

[[directory_entry]]
code = "oosterwende-jan"
kind = "person"
name = "Jan Jansen"
municipality = "GM9901"
extension = "2011"
number = "0119 99 09 99"

[[directory_entry]]
code = "zandermeer-wachtrij"
kind = "queue"
name = "Klantcontact Zandermeer"
municipality = "GM9902"
extension = "3000"
queue = "GM9902"
shared = true
hours = {}

[[directory_entry]]
code = "zandermeer-anna"
kind = "person"
name = "Anna"
municipality = "GM9902"
extension = "101"
operator = "101"
"""

CSV = """\
code;kind;name;subject;extension;endpoint;number;hours;deputy;keywords;shared;valid_from;valid_until
oosterwende-belastingen;department;Belastingen;belastingen;2010;PJSIP/phone09;;\
mon 08:30-12:00 13:00-17:00, fri 8:30-12:00;oosterwende-jan;ozb | hondenbelasting;nee;01-01-2026;2030-01-01
oosterwende-jan;person;Jan Jansen;;2011;;0119 99 09 99;;;;;;
"""
