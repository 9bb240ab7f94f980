"""The area as files, TOML and CSV: read, judged, followed and written.

Only `imports` and `exports` meet the database, through storage; the other modules turn text into values and back.
"""
