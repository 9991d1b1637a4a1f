"""Who may do what in the back office follows from where somebody works; no permission is given out by hand.

An operator (superuser) sees every stall. Whoever works in a stall sees and edits what is that stall's own.
Models that are not scoped to stalls keep Django's permissions, which only operators have.
"""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from catalog.accounts.models import User


def worker(request: HttpRequest) -> User:
    """Who is signed in; the admin site lets nobody else reach a page."""
    return cast("User", request.user)


def works_here(request: HttpRequest) -> bool:
    user = request.user
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return False
    return user.is_operator or bool(user.stall_ids)


class StallScopedAdmin(admin.ModelAdmin[Any]):
    show_full_result_count = False  # no second count of the whole table for each page

    def seller_id_of(self, obj: Any) -> UUID:
        """Each admin says whose a row is; one that forgets fails, and shows nobody's rows."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return cast("models.QuerySet[Any]", rows.staffed_by(worker(request)))

    def may_work_on(self, request: HttpRequest, obj: Any | None) -> bool:
        if not works_here(request):
            return False
        return (
            obj is None or worker(request).is_operator or self.seller_id_of(obj) in worker(request).stall_ids
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return works_here(request)

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.may_work_on(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return self.may_work_on(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return works_here(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False
