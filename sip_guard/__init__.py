"""sip_guard: the inline SIP proxy that stops spoofed calls."""

__version__ = "0.1.0"
