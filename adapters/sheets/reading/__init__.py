"""From the bytes of a file to cleaned rows."""
