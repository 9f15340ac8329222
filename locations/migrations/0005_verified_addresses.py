"""Whoever could sign in before addresses were verified can do so still."""

from django.db import migrations


def vouch_for_everybody(apps, schema_editor):
    User = apps.get_model("locations", "User")
    EmailAddress = apps.get_model("account", "EmailAddress")
    for user in User.objects.all().iterator():
        if user.email != user.email.lower():
            user.email = user.email.lower()
            user.save(update_fields=["email"])
        EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"verified": True, "primary": True}
        )


class Migration(migrations.Migration):
    dependencies = [
        ("locations", "0004_api_key_limits"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(vouch_for_everybody, migrations.RunPython.noop)]
