"""The registers, the files that filled them, and what is looked for in them, in SQL."""
