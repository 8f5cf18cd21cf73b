"""Captured calls taken through a configuration, or through two: what each of them would have decided."""
