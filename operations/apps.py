from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        from locations.audit import AccountVerb, register_verbs
        from operations import jobs
        from operations.audit_verbs import RestoreVerb

        jobs.register()
        register_verbs(RestoreVerb, after=AccountVerb.ACCOUNT_DELETED)
