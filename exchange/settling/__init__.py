"""Where two sides' logs of one link stand against each other, and what of it only people can settle."""
