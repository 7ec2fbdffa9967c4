"""OGC SensorThings API 1.1: `views.sensorthings` is the door."""
