"""The node's keys, and the signatures and tokens made and checked with keys."""
