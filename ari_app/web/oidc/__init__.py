"""Logging in by an identity provider (OpenID Connect Core 1.0, with PKCE)."""
