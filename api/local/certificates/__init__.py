"""Certificates (婚育证明)."""
