"""Connections, locks, notifications and migrations: what every part of the store uses."""
