"""One call explained: what was found, which rules applied and why, and the verdict."""
