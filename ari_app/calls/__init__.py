"""Carries calls through their stages: one task owns one call."""
