"""Where exchanges are sent: the routing table, retired codes, and the trail of what was sent on."""
