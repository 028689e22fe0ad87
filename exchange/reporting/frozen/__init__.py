"""Monthly reports as they are frozen, signed to be sent upward, and summed."""
