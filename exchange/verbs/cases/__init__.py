"""What a clerk does with a case: open it, look at it, commit, finish, cancel, hand it over; and what follows of itself."""
