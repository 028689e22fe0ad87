"""Give back what the other side of a link has lost, take back what this side has, and note what only people can settle."""
