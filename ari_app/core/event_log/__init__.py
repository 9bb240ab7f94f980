"""Asterisk's own account of its channels (the channel event log, CEL): read, compared with the record, and turned
into rows for calls that the dialplan's fallback answered. Pure.
"""
