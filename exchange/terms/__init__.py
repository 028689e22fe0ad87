"""The terms of an exchange: agreements, rule sets and time limits."""
