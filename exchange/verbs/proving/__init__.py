"""Gathering what proves an exchange."""
