"""Transfers of a live call: requested, a colleague reached and briefed, completed or recalled."""
