"""The citizen's phone in a page, in the demonstration of `make run` only."""
