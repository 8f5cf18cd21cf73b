"""Decisions are found in the record, and deleted from it."""
