"""The account of the citizen's phone in a page, in the Asterisk of the tests."""

from __future__ import annotations

import secrets

TRIAL_PASSWORD = secrets.token_hex(16)
