"""Assignments and worklists, in memory."""
