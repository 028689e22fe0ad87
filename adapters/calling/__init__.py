"""Where this node may call."""
