"""Reconciling the registers of two sides: keep the tokens, ask, answer, and write down what came of it."""
