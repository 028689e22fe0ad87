"""Partners and the agreements with them, as pages."""
