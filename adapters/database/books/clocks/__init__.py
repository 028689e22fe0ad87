"""Rules and days that were added, escalations and troubles, in SQL."""
