from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("conversations", "0002_messages_by_day")]

    operations = [
        migrations.RemoveIndex(model_name="message", name="message_days"),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["account", "created_at", "direction", "status"], name="message_by_day"
            ),
        ),
    ]
