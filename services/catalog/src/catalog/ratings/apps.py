from django.apps import AppConfig


class RatingsConfig(AppConfig):
    name = "catalog.ratings"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Ratings"
