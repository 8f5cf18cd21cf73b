"""The record: every decision is kept in a file, and found again by number, Call-ID, trunk, rule, verdict and time."""
