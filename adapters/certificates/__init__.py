"""Checks of certificates with partners: asking them, answering them, and the time that an answer takes."""
