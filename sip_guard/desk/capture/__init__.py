"""Captured traffic: frames of a file, packets in them, SIP messages in those, each with its time and its flow."""
