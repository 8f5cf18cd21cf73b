"""Bytes to and from flows."""
