"""The audit for auditors."""
