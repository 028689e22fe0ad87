"""Signing in to the pages: passwords, sessions, and providers of OpenID Connect."""
