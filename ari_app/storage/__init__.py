"""Reads and writes rows in PostgreSQL, and decides nothing."""
