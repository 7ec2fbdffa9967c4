"""Other systems that tell us of calls, and recordings of them."""
