"""Entry points: command line, settings and wiring."""
