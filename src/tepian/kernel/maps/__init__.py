"""Maps as SVG, made on the server."""
