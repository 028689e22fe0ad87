"""What happens as days go by: rules put to use, holidays loaded, reminders, escalation, trouble told of."""
