"""Checks of certificates (婚育证明验证): what is asked and answered, and how often a caller may miss."""
