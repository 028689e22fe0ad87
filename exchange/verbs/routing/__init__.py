"""Find the way to a county, pin it, and send on what came to the wrong one."""
