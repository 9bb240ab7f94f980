"""The API for other programs, `/api/v1`: one table of operations, from which checks and `openapi.json` come."""
