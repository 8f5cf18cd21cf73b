"""What is fetched from elsewhere and kept: certificates."""
