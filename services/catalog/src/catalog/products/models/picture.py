from collections.abc import Iterable
from uuid import UUID, uuid5

from django.db import models
from django.db.models import Q

PICTURES = UUID("6f0e0f9c-54a4-5d2c-9a55-6d0f0c9a1d5e")  # namespace: a picture's id is made from its bytes


class PictureQuerySet(models.QuerySet["Picture"]):
    def keep(self, content: bytes, content_type: str) -> "Picture":
        """Store a cleaned picture once, however often it comes."""
        return self.keep_all([(content, content_type)])[0]

    def keep_all(self, pictures: Iterable[tuple[bytes, str]]) -> list["Picture"]:
        rows = [
            Picture(id=Picture.id_of(content), content=content, content_type=content_type)
            for content, content_type in pictures
        ]
        self.bulk_create(rows, ignore_conflicts=True)
        return rows


class Picture(models.Model):
    """A picture's cleaned bytes; content-addressed, so it never changes and may be cached for ever."""

    class Type(models.TextChoices):
        SVG = "image/svg+xml", "SVG"
        PNG = "image/png", "PNG"

    id = models.UUIDField(primary_key=True, editable=False)
    content_type = models.CharField(max_length=20, choices=Type)
    content = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PictureQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(content_type__in=["image/svg+xml", "image/png"]), name="picture_type_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_content_type_display()} {self.pk}"

    @staticmethod
    def id_of(content: bytes) -> UUID:
        return uuid5(PICTURES, content.hex())
