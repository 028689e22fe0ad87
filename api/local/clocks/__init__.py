"""What happens as days go by: rules and holidays, escalations, troubles."""
