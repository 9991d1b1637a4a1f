from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "catalog.products"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Goods"
