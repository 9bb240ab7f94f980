"""Callbacks inside calls: offered to callers, requested, and the outbound calls that keep the promise."""
