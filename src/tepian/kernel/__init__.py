"""What several rooms stand on. One Django app, label `city`; its parts are the stairs listed in `.importlinter`."""
