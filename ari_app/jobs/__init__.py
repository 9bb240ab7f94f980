"""Notices that time has passed."""
