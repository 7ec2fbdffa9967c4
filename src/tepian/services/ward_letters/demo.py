"""For trying out: requests in every state, made through the operations. Nobody in them exists, and pages say so."""
