"""Rows of calls: the ledger that calls write, and the queries that read it."""
