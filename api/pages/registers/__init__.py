"""The pages of the own registers: sheets in, and one entry."""
