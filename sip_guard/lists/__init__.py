"""Lists of protected numbers (do not originate): compiled by a process of their own, looked up in a mapped file."""
