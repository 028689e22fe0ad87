"""What there is to do, one exchange, and what is said of it, as pages."""
