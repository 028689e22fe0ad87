"""Signing in: the accounts of people who work on the pages, their second factor, and their sessions."""
