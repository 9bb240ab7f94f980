"""The summary that is printed when the system is ready: numbers to dial, accounts, and places to look."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ari_app.core.access import Role
from ari_app.core.area import Area, Reach
from ari_app.core.numbers import format_shared
from ari_app.core.outbound import PLACE, peer_of
from ari_app.local.accounts import FirstLogins
from ari_app.local.area import is_sample, sample_pins
from ari_app.local.asterisk import AccountKind, SipAccount


def text(
    directory: Area,
    accounts: Sequence[SipAccount],
    *,
    sip_address: str,
    web_url: str,
    desk_url: str,
    has_trial: bool,
    logins: FirstLogins,
    database_url: str,
    outside: str,
    environment_file: Path,
    logs: Sequence[tuple[str, Path]],
) -> str:
    """Everything on one screen, the passwords included: they are for this machine's own phones."""
    installed = Path(sys.executable).with_name("ari-app")
    program = installed if installed.exists() else f"{sys.executable} -m ari_app"
    sections = [
        *([("A first call, in two browser windows", list(_first_call(desk_url, logins)))] if has_trial else []),
        (f"Pages: {desk_url}", list(_logins(desk_url, logins))),
        ("Numbers to dial from a citizen's phone", list(_numbers(directory))),
        ("Dial from an operator's phone", ["1400        operator number, #, PIN, #; then stay on the line"]),
        (f"SIP accounts: register a softphone at {sip_address} (UDP)", list(_accounts(accounts))),
        ("Operators", list(_operators(directory))),
        ("Calls to numbers outside", [_outside(outside)]),
        (
            "Look",
            [
                f"{'health':<11} {web_url}/health/ready",
                f"{'database':<11} {database_url}",
                *(f"{name:<11} {path}" for name, path in logs),
                f"{'commands':<11} set -a; . {environment_file}; set +a; {program} calls",
            ],
        ),
    ]
    return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections)


def _first_call(desk_url: str, logins: FirstLogins) -> Iterator[str]:
    found = next(((login, password) for role, login, password in logins.logins if role is Role.OPERATOR), None)
    who = "as an operator" if found is None else f"as {found[0]}, {found[1]}"
    yield f"1  {desk_url}  log in {who}; click 'Aanmelden met deze computer'"
    yield f"2  {desk_url}/probeer  click a number, such as 14 0119, and then 3"


def _logins(desk_url: str, logins: FirstLogins) -> Iterator[str]:
    if logins.link_token is not None:
        yield f"first administrator, once: {desk_url}/start/{logins.link_token}"
    if logins.logins:
        yield "the passwords of the first start; one that somebody changed since is not known here"
    for role, login, password in logins.logins:
        yield f"{login:<11} {password:<17} {role.value}"
    if logins.link_token is None and not logins.logins:
        yield "accounts: ari-app accounts list"


def _numbers(directory: Area) -> Iterator[str]:
    names = {code: municipality.name for code, municipality in directory.municipalities.items()}
    for shared in directory.shared_numbers.values():
        members = [f"{member.key} {names.get(member.municipality, member.municipality)}" for member in shared.members]
        choice = f"choose {', '.join(members)}" if shared.question_is_needed else names[shared.members[0].municipality]
        yield f"{shared.digits:<11} {format_shared(shared.digits)}: {choice}"
    for municipality in directory.municipalities.values():
        for number in municipality.geographic_numbers:
            yield f"{_national(number):<11} {municipality.name}, also from abroad"
    for direct in directory.direct_numbers.values():
        team = None if direct.team is None else directory.teams[direct.team].name
        goal = f"operator {direct.operator}" if direct.operator else team or direct.endpoint
        yield f"{_national(direct.e164):<11} {names.get(direct.municipality, direct.municipality)}, straight to {goal}"


def _outside(template: str) -> str:
    if PLACE in template:
        return f"really go out, over {peer_of(template)}"
    return f"all ring {peer_of(template)}: nobody real is called"


def _national(e164: str) -> str:
    return f"0{e164.removeprefix('+31')}" if e164.startswith("+31") else e164


def _accounts(accounts: Sequence[SipAccount]) -> Iterator[str]:
    plays = {AccountKind.CITIZEN: "a citizen"}
    for account in sorted(accounts, key=lambda account: (account.kind is not AccountKind.CITIZEN, account.name)):
        yield f"{account.name:<11} {account.password:<17} {plays.get(account.kind, 'an operator')}"


def _operators(directory: Area) -> Iterator[str]:
    pins = sample_pins() if is_sample(directory) else {}
    ringing = {code for code, team in directory.teams.items() if team.reach is Reach.RING}
    for operator in directory.operators.values():
        pin = f"PIN {pins[operator.number]}" if operator.number in pins else "PIN as imported"
        teams = ", ".join(directory.teams[code].name for code in operator.teams if code in directory.teams)
        rung = "; is rung" if operator.teams and ringing.issuperset(operator.teams) else ""
        yield f"{operator.number:<11} {pin:<16} {operator.name} ({teams}{rung})"
    if not directory.operators:
        yield "none yet: ari-app import FILE"
