"""What reconciling the registers keeps."""
