"""Commands about reconciling."""
