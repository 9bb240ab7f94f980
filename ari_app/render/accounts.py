"""Accounts for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.core.accounts import LINK_LASTS, Account
from ari_app.render.text import local, table


def accounts_table(accounts: Sequence[Account]) -> str:
    """One line per account; a role without a municipality or a team is for the whole group."""
    rows = [
        [
            account.login,
            account.name,
            account.operator or "-",
            _state(account),
            ", ".join(map(str, account.roles)) or "no role",
        ]
        for account in accounts
    ]
    return table(("LOGIN", "NAME", "OPERATOR", "STATE", "ROLES"), rows)


def link_text(base_url: str, token: str) -> str:
    """What to hand to the owner of an account."""
    return f"{base_url}/start/{token}\nworks once, for {LINK_LASTS.days} days; give it to its owner only"


def _state(account: Account) -> str:
    if account.locked_at is not None:
        return f"locked {local(account.locked_at)}"
    if not account.has_password:
        return "identity provider" if account.has_provider else "waits for its link"
    if account.has_second_factor:
        return "password and second factor"
    if account.sets_factor_until is None:
        return "password"
    return f"sets a new code at a login before {local(account.sets_factor_until)}"
