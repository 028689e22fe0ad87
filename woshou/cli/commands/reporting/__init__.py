"""What `woshou report` makes beside the rates."""
