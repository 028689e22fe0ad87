"""Reconciliation (对账) of registers: which persons both sides know, and where what they know differs ."""
