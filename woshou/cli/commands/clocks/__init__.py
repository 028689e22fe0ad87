"""Commands about rules and holidays, escalations and troubles."""
