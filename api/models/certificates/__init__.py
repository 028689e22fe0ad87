"""Checks of certificates as bodies."""
