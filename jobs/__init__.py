"""The clock and what it starts: deliveries, renewals, reminders and tidying, in a process of their own."""
