"""Rows of callback requests, their leases, attempts and reminders."""
