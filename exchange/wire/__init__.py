"""The shapes that cross the wire between nodes, version 1."""
