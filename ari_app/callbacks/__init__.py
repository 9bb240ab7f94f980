"""The promise to call a citizen back, as one service: it decides with `core` and keeps its rows in a `CallbackStore`.

Used by calls, jobs and commands; each hands it the store that fits: Postgres in the program, memory in the tests.
"""
