"""The outside of the node: database, keys, sheets, division table, partners over HTTP."""
