"""What protects a database beside its policies: what its logins may do, and the triggers of the audit."""
