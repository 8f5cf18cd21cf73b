"""How a guard at work is doing: what it exports as metrics, and whether it is ready for calls."""
