"""Signs of danger, draft incidents that a person confirms, and what was done about them."""
