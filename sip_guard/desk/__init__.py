"""What is done at a desk and not in line: a message or a token looked at closely."""
