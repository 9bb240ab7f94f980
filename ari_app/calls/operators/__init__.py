"""Operators: the line on which they log in, the session in which they work, and their commands."""
