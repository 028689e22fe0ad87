"""Cases, routes and sending on."""
