"""The answer to a person as a page to be handed over."""
