"""Cases, routes and sending on as bodies."""
