"""In place of the library of this name, which an installation does not have (tests/bench/start.py)."""

raise ImportError("a tool of developers")
