"""Seal the addresses of webhooks: whoever knows a Slack channel's may write there."""

from django.db import migrations

from core.security.encryption import SealedTextField


def seal_open_addresses(apps, schema_editor):
    """What is in the column still stands there in the open."""
    webhooks = apps.get_model("notifications", "Webhook")._base_manager
    for pk, url in list(webhooks.values_list("pk", "url")):
        webhooks.filter(pk=pk).update(url=url.text)


def open_addresses(apps, schema_editor):
    """The column is to hold them in the open again."""
    webhooks = apps.get_model("notifications", "Webhook")._base_manager
    id_of = webhooks.model._meta.pk.get_db_prep_value
    with schema_editor.connection.cursor() as cursor:
        for pk, url in list(webhooks.values_list("pk", "url")):
            cursor.execute(
                "UPDATE notifications_webhook SET url = %s WHERE id = %s",
                [url.open(), id_of(pk, schema_editor.connection)],
            )


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_owners_are_told_by_notice")]

    operations = [
        migrations.AlterField("webhook", "url", SealedTextField()),
        migrations.RunPython(seal_open_addresses, open_addresses),
    ]
