"""Who may sign for which position, with which key; signed documents, and what the public may check of them."""
