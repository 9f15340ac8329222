"""Invitations know the user who sent them. Those whose sender has left or has another address
since then end."""

import uuid

from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

UNKNOWN = uuid.UUID(int=0)


def set_sender(apps, schema_editor):
    Invitation = apps.get_model("locations", "Invitation")
    users = apps.get_model("locations", "User").objects.filter(email=OuterRef("invited_by"))
    sender = Coalesce(Subquery(users.values("pk")[:1]), models.Value(UNKNOWN, models.UUIDField()))
    Invitation.objects.update(sender=sender)


class Migration(migrations.Migration):
    dependencies = [("locations", "0009_trial_starts")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="sender",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(set_sender, migrations.RunPython.noop),
    ]
