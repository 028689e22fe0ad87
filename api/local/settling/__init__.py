"""What two nodes cannot settle by themselves, for the operator."""
