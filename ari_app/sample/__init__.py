"""A fictitious shared area, used by `make run`, the tests and the docs."""
