"""The whole system on one machine, for `make run`, the tests and the bench: real Asterisk, real Postgres."""
