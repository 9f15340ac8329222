"""One-time links know the user who created them. Those whose creator has left or has another
address since then end."""

import uuid

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

UNKNOWN = uuid.UUID(int=0)


def set_creator(apps, schema_editor):
    ConnectLink = apps.get_model("sessions_app", "ConnectLink")
    users = apps.get_model("locations", "User").objects.filter(email=OuterRef("created_by"))
    creator = Coalesce(Subquery(users.values("pk")[:1]), models.Value(UNKNOWN, models.UUIDField()))
    ConnectLink.objects.update(creator=creator)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0011_event_of_session_with_account"),
        ("locations", "0008_reword_labels"),
    ]

    operations = [
        migrations.AddField(
            model_name="connectlink",
            name="creator",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(set_creator, migrations.RunPython.noop),
    ]
