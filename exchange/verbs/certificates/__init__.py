"""Certificates: ask the issuer about one, and answer who asks."""
