"""A test call: placed by a user agent, with what it was answered and what arrived."""
