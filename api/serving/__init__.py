"""How a request is served before and around its own work: bounds, who calls, the body, the transaction."""
