"""How the audit is written: whoever acts leaves a trail, and each transaction takes its part of it along."""
