"""Two sides' figures of one link, compared at one pair of positions: what each counts, and where they differ."""
