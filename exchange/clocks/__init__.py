"""What happens as days go by: rules and holidays that are added, escalation, trouble."""
