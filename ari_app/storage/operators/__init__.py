"""Rows of operators: what they are doing, absences, PINs."""
