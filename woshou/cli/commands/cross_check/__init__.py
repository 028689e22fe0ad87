"""`woshou cross-check`: run and read checks, settle what differs."""
