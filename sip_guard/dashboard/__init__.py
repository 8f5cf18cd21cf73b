"""The page that an operator keeps open: what comes and what is done about it, live, and why. It changes nothing."""
