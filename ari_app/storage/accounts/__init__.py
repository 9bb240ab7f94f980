"""Accounts, their rights, their logins on the pages, and failures to log in."""
