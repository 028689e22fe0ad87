"""The use cases: each loads what it needs, asks the nouns and stores the outcome."""
