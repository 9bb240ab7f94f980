"""How long a test waits for what comes at once on a machine that has nothing else to do.

It is a safety net: what does not come at all fails, and what comes late does not. How long something may take is asked
by the bench, as a ratio (docs/bench.md).
"""

PATIENCE_SECONDS = 60.0
