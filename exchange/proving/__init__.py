"""What a third party can verify of an exchange."""
