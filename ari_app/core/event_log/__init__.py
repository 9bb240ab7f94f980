"""The channel event log (CEL), Asterisk's own account of its channels: read it, compare it with the record, and make
rows for the calls that the dialplan's fallback answered. Pure.
"""
