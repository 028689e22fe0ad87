"""Cross-checks: run one, settle the differences, warn before sending."""
