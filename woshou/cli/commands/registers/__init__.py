"""The commands about registers: entries, sheets, imports, candidates."""
