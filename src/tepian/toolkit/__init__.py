"""Tools without a city word in them."""
