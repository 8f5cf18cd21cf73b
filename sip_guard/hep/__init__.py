"""What comes, what goes and what is decided, mirrored to a collector that operators search in (HEPv3, Homer)."""
