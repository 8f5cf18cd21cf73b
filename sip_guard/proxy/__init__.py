"""The SIP proxy (RFC 3261 16 and 17, RFC 6026): a call returns what it causes. Time is an argument."""
