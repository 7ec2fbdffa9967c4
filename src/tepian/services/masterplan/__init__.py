"""The city's plan: what it promised, what is done, and how anybody can tell."""
