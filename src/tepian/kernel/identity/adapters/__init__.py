"""Where sign-in meets django-allauth."""
