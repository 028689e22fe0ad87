"""Reports, in memory."""
