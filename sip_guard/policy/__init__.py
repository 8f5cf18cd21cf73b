"""From findings to one verdict, and the explanation of it."""
