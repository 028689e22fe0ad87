"""The bodies of rules and holidays, escalations and troubles."""
