"""Messages to people: in the application, by e-mail, and through gateways of the city."""
