"""Reconciling with one partner over the wire: the calls, and what comes before and after each of them."""
