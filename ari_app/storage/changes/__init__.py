"""The log of changes: who may read of which, and for how long it is kept."""
