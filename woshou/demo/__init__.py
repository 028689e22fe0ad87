"""The demonstration: three nodes, real sheets of invented people, and clerks who answer, or do not."""
