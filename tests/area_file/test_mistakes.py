"""The area file: every mistake is told with its place, and all of them at once."""

from __future__ import annotations

import pytest

from tests.area_file.full import HASH
from tests.area_file.small import GOOD, mistakes

pytestmark = pytest.mark.pure


def test_all_mistakes_are_told_at_once() -> None:
    bad = (
        GOOD.replace('"08:30-12:00", "13:00-17:00"', '"8:30-12:00", "17:00-13:00"')
        .replace('code = "GM9902"', 'code = "9902"')
        .replace('number = "14 0119"', 'number = "14 0120"')
        .replace("key = 2", "key = 10")
        .replace('geographic = ["0119 990 100"]', 'geographic = ["0900 1234"]\ngeografic = []')
        .replace('helps = ["GM9902"]', 'helps = ["GM9903"]')
        .replace('pin = "4821"', "pin = 4821")
        .replace('teams = ["kcc"]\npin_hash', 'teams = ["kc"]\npin_hash')
        .replace('operator = "101"', 'operator = "109"')
    )
    assert mistakes(bad) == [
        'line 2, municipality[0].hours.mon[0]: must be written as "08:30-17:00", with times from 00:00 to 24:00',
        "line 2, municipality[0].hours.mon[1]: closes before it opens; a night is two spans: until 24:00, "
        "and from 00:00 on the next day",
        "line 2, municipality[0].geographic[0]: '0900 1234' is a paid-service number, which costs callers extra",
        "line 2, municipality[0].geografic: unknown key; geographic is meant?",
        "line 8, municipality[0].direct[0].operator: there is no operator 109",
        'line 12, municipality[1].code: must be a CBS code such as "GM9901"',
        "line 16, shared_number[0].number: 14 0120 is not available in the numbering plan",
        "line 22, shared_number[0].member[1].key: must be less than or equal to 9",
        "line 26, team[0].helps[0]: there is no municipality GM9903",
        "line 32, operator[0].pin: must be text, in quotes",
        "line 38, operator[1].teams[0]: there is no team kc",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # municipalities
        ('name = "Zandermeer"', "", "municipality[1].name: is missing"),
        (
            'name = "Zandermeer"',
            'name = "oosterwende"',
            "municipality[1].name: oosterwende is the name of GM9901 as well",
        ),
        ('code = "GM9902"', 'code = "GM9901"', "municipality[1].code: GM9901 is here twice"),
        ('name = "Zandermeer"', 'name = ""', "municipality[1].name: must have at least 1 character"),
        ('name = "Zandermeer"', 'name = "Z\\u0000"', "municipality[1].name: contains a character that cannot be shown"),
        ('name = "Zandermeer"', f'name = "{"Z" * 121}"', "municipality[1].name: must have at most 120 characters"),
        ('name = "Zandermeer"', "name = 1", "municipality[1].name: must be text, in quotes"),
        ('name = "Zandermeer"', 'name = "#1"', "municipality[1].name: has no letter: it is spoken to callers"),
        ('name = "Zandermeer"', 'name = "Z"\nspoken = "-"', "municipality[1].spoken: has no letter"),
        ('name = "Zandermeer"', 'name = "Z"\nspoken = ""', "municipality[1].spoken: must have at least 1 character"),
        ('name = "Zandermeer"', 'name = "Z"\naliases = "Y"', "municipality[1].aliases: must be a list"),
        ('name = "Zandermeer"', 'name = "Z"\naliases = ["Y", "Y"]', "municipality[1].aliases: names Y twice"),
        ('name = "Zandermeer"', 'name = "Z"\nhours = []', "municipality[1].hours: must be a table"),
        ('name = "Zandermeer"', 'name = "Z"\nhours = { zo = [] }', "municipality[1].hours.zo: unknown key"),
        ('"13:00-17:00"', '"11:59-17:00"', "hours.mon: has hours that overlap: 08:30-12:00 and 11:59-17:00"),
        ('"13:00-17:00"', '"13:00-25:00"', 'hours.mon[1]: must be written as "08:30-17:00"'),
        ('"13:00-17:00"', '"24:00-08:00"', 'hours.mon[1]: must be written as "08:30-17:00"'),
        ('"13:00-17:00"', '"13:00-13:00"', "hours.mon[1]: closes before it opens"),
        ('"13:00-17:00"', "8", 'hours.mon[1]: must be written as "08:30-17:00"'),
        (
            'name = "Zandermeer"',
            'name = "Z"\nvalid_from = 2026-01-01\nvalid_until = 2026-01-01',
            "municipality[1]: valid_until, the first day no longer, must come after valid_from",
        ),
        ('name = "Zandermeer"', 'name = "Z"\nvalid_from = "x"', "municipality[1].valid_from: must be a date such as"),
        ('name = "Zandermeer"', 'name = "Z"\nvalid_from = 0001-01-01', "valid_from: is a date in the year 1"),
        ('name = "Zandermeer"', 'name = "Z"\nopen_on_legal_days = 1', "open_on_legal_days: must be true or false"),
        (
            'name = "Zandermeer"',
            'name = "Z"\nnorms = { answer_within_seconds = 0 }',
            "norms.answer_within_seconds: must be greater than or equal to 1",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 2026-01-02, ends = 2026-01-01, reason = "x" }]',
            "municipality[1].closing[0]: ends before it starts",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 08:00:00, ends = 2026-01-01, reason = "x" }]',
            "municipality[1].closing[0].starts: must be a date or a date and time",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 9999-12-31, ends = 9999-12-31, reason = "x" }]',
            "municipality[1].closing[0].starts: is a date in the year 9999",
        ),
        (
            'name = "Zandermeer"',
            'name = "Z"\nclosing = [{ starts = 2026-01-01, ends = 2026-01-01, reason = "x" }, '
            '{ starts = 2026-01-01T00:00:00, ends = 2026-01-02T00:00:00, reason = "y" }]',
            "municipality[1]: has the same closing twice",
        ),
        # numbers
        ('["0119 990 100"]', '["+32 2 551 20 20"]', "geographic[0]: '+32 2 551 20 20' is not a Dutch number"),
        ('["0119 990 100"]', '["06 12345678"]', "geographic[0]: '06 12345678' is not a geographic number"),
        ('["0119 990 100"]', '["14 0119"]', "geographic[0]: '14 0119' is a 14-number"),
        ('["0119 990 100"]', '["0119 990 105"]', "direct[0].number: +31119990105 belongs to GM9901 already"),
        ('number = "0119 990 105"', 'number = "1850"', "direct[0].number: '1850' is a paid-service number"),
        (
            'operator = "101"\n\n',
            'operator = "101"\nteam = "kcc"\n\n',
            "direct[0]: rings one of operator, team and endpoint",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "101"\n\n',
            "direct[0]: has somebody as their own deputy",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "109"\n\n',
            "direct[0].deputy_operator: there is no operator 109",
        ),
        (
            'operator = "101"\n\n',
            'operator = "101"\ndeputy_operator = "102"\ndeputy_endpoint = "PJSIP/phone30"\n\n',
            "direct[0]: has one of deputy_operator and deputy_endpoint",
        ),
        ('operator = "101"\n\n', 'deputy_endpoint = "PJSIP/phone30"\n\n', "direct[0]: has a deputy of nobody"),
        ('operator = "101"\n\n', 'endpoint = "PJSIP/0906@trunk"\n\n', "direct[0].endpoint: must be a phone of this"),
        ('operator = "101"\n\n', 'endpoint = "Local/1@x"\n\n', "direct[0].endpoint: must be a phone of this"),
        ('number = "14 0119"', 'number = "1400"', "shared_number[0].number: 1400 is the State's number"),
        (
            'number = "14 0119"',
            'number = "020 1234567"',
            "shared_number[0].number: '0201234567' does not begin with 14",
        ),
        # members and keys
        (
            "key = 2",
            "key = 1",
            "shared_number[0].member[1].key: key 1 of 14 0119 belongs to GM9901; free keys: 2, 3, 4",
        ),
        ("key = 2", "key = 0", "shared_number[0].member[1].key: must be greater than or equal to 1"),
        ("key = 2", 'key = "2"', "shared_number[0].member[1].key: must be a whole number, without quotes"),
        ("key = 2", "key = true", "shared_number[0].member[1].key: must be a whole number"),
        (
            'municipality = "GM9902"',
            'municipality = "GM9909"',
            "member[1].municipality: there is no municipality GM9909",
        ),
        (
            'municipality = "GM9902"',
            'municipality = "GM9901"',
            "member[1].municipality: GM9901 is a member of 14 0119 already",
        ),
        (
            'default = "GM9901"',
            "choose_within_seconds = 4",
            "choose_within_seconds: must be greater than or equal to 5",
        ),
        (
            'default = "GM9901"',
            "choose_within_seconds = 121",
            "choose_within_seconds: must be less than or equal to 120",
        ),
        ('default = "GM9901"', 'default = "GM9909"', "shared_number[0].default: GM9909 is not a member of 14 0119"),
        ('default = "GM9901"', 'default = "Oosterwende"', "shared_number[0].default: must be a member's CBS code, or"),
        (
            "key = 2",
            'key = 2\nconsultation = [{ neighbour = "A", on = 2026-01-01, kind = "asked", by = "B" }]',
            "member[1].consultation[0].kind: must be 'consulted' or 'informed'",
        ),
        # teams and operators
        (
            'serves = ["GM9901"]',
            "serves = []\nwrap_up_seconds = -1",
            "team[0].wrap_up_seconds: must be greater than or equal",
        ),
        ('serves = ["GM9901"]\nhelps = ["GM9902"]', "", "team[0]: serves nobody and helps nobody"),
        ('helps = ["GM9902"]', 'helps = ["GM9901"]', "team[0]: serves GM9901 and helps it as well"),
        ('name = "KCC"', 'name = "KCC"\nreach = "phone"', "team[0].reach: must be 'line' or 'ring'"),
        ('code = "kcc"', 'code = "K C"', "team[0].code: must be at most 32 small letters"),
        ('number = "102"', 'number = "101"', "operator[1].number: 101 is here twice; the other is operator[0]"),
        ('number = "102"', "number = 102", "operator[1].number: must be text, in quotes"),
        ('number = "102"', 'number = "1"', "operator[1].number: must be 2 to 8 digits in quotes"),
        ('teams = ["kcc"]\npin =', "teams = []\npin =", "operator[0].teams: must have at least 1 item"),
        ('pin = "4821"', 'pin = "123"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', 'pin = "123456789"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', 'pin = "12a4"', "operator[0].pin: must be 4 to 8 digits in quotes"),
        ('pin = "4821"', "", "operator[0].pin: operator 101 is new and needs a pin"),
        ('pin = "4821"', f'pin = "4821"\npin_hash = "{HASH}"', "operator[0]: has a pin and a pin_hash: one of the two"),
        *(
            ('pin = "4821"', f'pin = "{weak}"', "operator[0].pin: is guessed at once: neither one digit again")
            for weak in ("0000", "1111", "1234", "4321", "012345", "99999999", "87654321")
        ),
        (f'pin_hash = "{HASH}"', 'pin_hash = "4821"', "operator[1].pin_hash: is not an argon2 hash"),
        # callbacks
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { team = "x" }', "[1].callback.team: there is no team x"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { max_attempts = 0 }', "must be greater than or equal to 1"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { call_from = "8:30" }', "must be a time of day from"),
        ('name = "Zandermeer"', 'name = "Z"\ncallback = { call_until = "24:00" }', 'to "23:59", in quotes'),
        (
            'name = "Zandermeer"',
            'name = "Z"\ncallback = { call_from = "20:00" }',
            "municipality[1].callback: call_until must come after call_from",
        ),
        ('name = "KCC"', 'name = "KCC"\nemail = "kcc at gemeente"', "team[0].email: must be one mail address"),
        ('name = "KCC"', 'name = "KCC"\nemail = "a@b.nl, c@d.nl"', "team[0].email: must be one mail address"),
        ('name = "KCC"', 'name = "KCC"\nreminder_phone = "0900 1234"', "reminder_phone: is a paid-service number"),
        (
            'name = "KCC"',
            'name = "KCC"\nreminder_phone = "0119 990 105"',
            "reminder_phone: +31119990105 is served here",
        ),
        (
            'name = "KCC"',
            'name = "KCC"\nsupervisor = { phone = "0119 990 100" }',
            "supervisor: +31119990100 is served here",
        ),
        ('name = "KCC"', 'name = "KCC"\nsupervisor = { mail = "x" }', "team[0].supervisor.mail: unknown key"),
        # the file
        ("[[team]]", "[team]", "team: begins with two brackets: [[team]]"),
        ("[[team]]", "[[teams]]", "teams: unknown key; team is meant?"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, told: str) -> None:
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new))
    assert any(told in mistake for mistake in found), found


def test_a_mistake_never_shows_a_pin() -> None:
    for pin in ('"98 76"', "9876", '"9876x"', '["9876"]', '"987"'):
        for mistake in mistakes(GOOD.replace('pin = "4821"', f"pin = {pin}")):
            assert "987" not in mistake
    found = mistakes(GOOD.replace('number = "101"\n', 'number = "4821"\n'))
    assert any("operator[0]: has a pin that is the operator's own number" in mistake for mistake in found)
