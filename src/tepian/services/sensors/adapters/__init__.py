"""How readings arrive by MQTT: a listener inside the gateway, or a bridge to the city's own broker."""
