"""Reports over HTTP: made now, frozen, and received."""
