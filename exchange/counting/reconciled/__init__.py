"""The figures that rest on reconciliations: handshake, field agreement, coverage."""
