"""Rows about operators: PINs and absences."""
