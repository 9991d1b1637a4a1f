from django.apps import AppConfig


class SellersConfig(AppConfig):
    name = "catalog.sellers"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Stalls"
