from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_initial"),
        ("locations", "0002_audit_log"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["account", "direction", "created_at", "status"], name="message_days"
            ),
        ),
    ]
