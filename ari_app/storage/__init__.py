"""Remembers: tables, the ledger of calls, the directory of an area."""
