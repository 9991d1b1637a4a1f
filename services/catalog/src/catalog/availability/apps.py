from django.apps import AppConfig


class AvailabilityConfig(AppConfig):
    name = "catalog.availability"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Stock"
