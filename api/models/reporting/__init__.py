"""Reports as bodies."""
