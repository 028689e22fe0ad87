"""Who signs in to the pages."""
