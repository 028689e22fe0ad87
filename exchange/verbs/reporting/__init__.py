"""Reports: made, frozen, counted again, sent upward and taken in."""
