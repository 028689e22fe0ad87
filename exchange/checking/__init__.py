"""Cross-checks (比对): what another department's sheet says of the people of a register, compared field by field."""
