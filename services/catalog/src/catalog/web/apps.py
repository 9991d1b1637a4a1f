from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "catalog.web"

    def ready(self) -> None:
        from catalog.web import authentication  # noqa: F401 - drf-spectacular finds its scheme by the import
