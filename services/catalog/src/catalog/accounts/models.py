from functools import cached_property
from typing import ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Somebody who works in the back office: signs in there by e-mail address and password.

    `account_id` is the same person's account at identity. API callers are recognised by it (the token's
    `sub`), so that one row says for both doors where somebody works.
    """

    email = models.EmailField("e-mail address", unique=True)
    account_id = models.UUIDField(
        "identity account", unique=True, null=True, blank=True, help_text="The account's id at identity."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["username"]

    @property
    def is_operator(self) -> bool:
        return self.is_active and self.is_superuser

    @property
    def actor(self) -> str:
        """Who did it, in the same words whichever door was taken."""
        return f"account:{self.account_id}" if self.account_id else f"user:{self.pk}"

    @cached_property
    def stall_ids(self) -> frozenset[UUID]:
        """The sellers this person works for, read once a request."""
        return frozenset(self.stalls.values_list("seller_id", flat=True))
