"""Bytes to messages and back: the one reader and the one writer of what is on the wire. No I/O."""
