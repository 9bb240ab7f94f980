"""The area file: TOML and CSV in and out, with their checks and differences. Reads and writes no database."""
