"""Paint: base layouts, components, tokens, icons, small scripts. No city word in here."""
