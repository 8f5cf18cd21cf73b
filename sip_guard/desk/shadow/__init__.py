"""What rules in shadow would have done, out of the record."""
