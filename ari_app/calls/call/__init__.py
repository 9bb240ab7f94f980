"""One call in the hands of its task: its record, and the idioms that stages are written in."""
