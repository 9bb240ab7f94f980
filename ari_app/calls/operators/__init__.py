"""Operators: the line of somebody who dialled 1400, the session of an operator at work, and their commands."""
