from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "catalog.events"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Events"
