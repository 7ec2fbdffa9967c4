"""Stories that join two rooms, one a file. No tables here; a story that fails is delivered again."""
