"""What is kept of register entries, so that their rates are had quickly."""
