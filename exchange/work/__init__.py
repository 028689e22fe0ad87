"""What is to be done with exchanges, and by whom: assignment and the worklists."""
