"""PASSporTs and certificates (RFC 8224, 8225, 8226, 8588). Pure: certificates and the time are arguments."""
