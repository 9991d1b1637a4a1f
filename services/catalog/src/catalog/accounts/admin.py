from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group

from catalog.accounts.models import User

# what somebody may do follows from where they work: groups would be a second answer
admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(UserAdmin[User]):
    list_display = ("email", "first_name", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    ordering = ("email",)
    show_full_result_count = False
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "account_id")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "username", "usable_password", "password1", "password2")}),)
