"""How the interface describes itself: the OpenAPI document, its examples, its webhooks."""
