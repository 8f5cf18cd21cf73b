"""The HTTP door for those who run the guard: whether it lives and is ready, and its metrics. It changes nothing."""
