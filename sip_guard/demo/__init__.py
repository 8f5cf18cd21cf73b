"""sip-guard demo: real calls through a real guard, on loopback only."""
