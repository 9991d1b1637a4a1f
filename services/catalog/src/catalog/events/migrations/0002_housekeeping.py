"""The relay's housekeeping finds what is old by its age."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="inboxentry",
            index=models.Index(fields=["handled_at"], name="inbox_handled"),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("sent_at__isnull", False)), fields=["sent_at"], name="outbox_sent"
            ),
        ),
    ]
