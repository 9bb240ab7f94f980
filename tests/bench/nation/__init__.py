"""A record as large as a national year, and what the application costs on it: see docs/bench.md."""
