"""Places: regions from province to RT, their names and parents over time, boundaries, and the gazetteer."""
