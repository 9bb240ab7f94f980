"""Errors of starting the whole system on one machine."""

from __future__ import annotations


class LocalError(Exception):
    """Something on this machine prevents a start; the text says what, and what to do about it."""


class StartFailed(LocalError):
    """A server did not come up; the text ends with the last lines it wrote."""
