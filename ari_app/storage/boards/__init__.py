"""Wallboards: the figures of now and of today, and the addresses that show them."""
