"""What finding the differences of two registers is compared with: the full list, and three tools that compare two databases."""
