"""Django's settings. ``config.env`` reads the environment."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from config import env, mail_provider
from config.databases import database_settings
from config.logging import logging_settings
from config.security_headers import content_security_policy, transport_security

BASE_DIR = env.BASE_DIR
env.load()

SECRET_KEY = env.text("DJANGO_SECRET_KEY")
DEBUG = env.boolean("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.words("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
PUBLIC_URL = env.text("PUBLIC_URL", "http://localhost:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
FIELD_ENCRYPTION_KEYS = env.keys("FIELD_ENCRYPTION_KEYS")
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, at_least=0)
MAX_TRIAL_ACCOUNTS = env.integer("MAX_TRIAL_ACCOUNTS", 3)
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()

WHATSAPP_AUTH_STORE = env.text("WHATSAPP_AUTH_STORE", "files")
WHATSAPP_LOG_LEVEL = env.choice(
    "WHATSAPP_LOG_LEVEL", "error", ("debug", "info", "warning", "error")
)
WHATSAPP_SIMULATOR = env.text("WHATSAPP_SIMULATOR", "")
GATEWAY_ENGINE_CAPACITY = env.integer("GATEWAY_ENGINE_CAPACITY", 100)
GATEWAY_ENGINE_MAX_STARTS = env.integer("GATEWAY_ENGINE_MAX_STARTS", 500)
GATEWAY_ENGINE_MAX_RSS_MB = env.integer("GATEWAY_ENGINE_MAX_RSS_MB", 600)
GATEWAY_PARALLEL_STARTS = env.integer("GATEWAY_PARALLEL_STARTS", 8)
GATEWAY_HEALTH_SECONDS = env.integer("GATEWAY_HEALTH_SECONDS", 30)
GATEWAY_STUCK_SECONDS = env.integer("GATEWAY_STUCK_SECONDS", 30)
INCIDENT_GRACE_SECONDS = env.integer("INCIDENT_GRACE_SECONDS", 240)
MAILS_A_DAY = env.integer("MAILS_A_DAY", 20)
BACKUP_DIR = env.text("BACKUP_DIR", "")
BACKUP_KEY_FILE = env.text("BACKUP_KEY_FILE", "")
BACKUP_EVERY_HOURS = env.integer("BACKUP_EVERY_HOURS", 168)
BACKUP_KEEP = env.integer("BACKUP_KEEP", 8)
WEBHOOKS_ALLOW_PRIVATE = env.boolean("WEBHOOKS_ALLOW_PRIVATE", default=False)
OPERATORS_NEED_SECOND_STEP = env.boolean("OPERATORS_NEED_SECOND_STEP", default=not DEBUG)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "locations",
    "sessions_app",
    "conversations",
    "notifications",
    "operations",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "locations.middleware.tenant_scope",
    "locations.middleware.PageAccess",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "config.context_processors.installation",
                "locations.context_processors.account",
            ],
        },
    },
]

DATABASES = {"default": database_settings(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "")
CHANNEL_LAYERS = {
    "default": (
        {
            "BACKEND": "core.background.hint_layer.HintLayer",
            # Redis publishes to all databases of a server: installations must not share groups.
            "CONFIG": {
                "url": REDIS_URL,
                "prefix": f"pairline-{sha256(SECRET_KEY.encode()).hexdigest()[:12]}",
            },
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}
CACHES = {
    "default": (
        {"BACKEND": "core.data.fallback_cache.FallbackCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # rate limit counters must not evict each other
        }
    )
}

# Users: accounts, sign-in and mails.
AUTH_USER_MODEL = "locations.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "locations.auth.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "locations.auth.forms.SignInForm",
    "signup": "locations.auth.forms.SignUpForm",
    "add_email": "locations.auth.forms.NewAddressForm",
    "request_login_code": "locations.auth.forms.AskForCodeForm",
    "reset_password": "locations.auth.forms.AskForResetForm",
    "change_password": "locations.auth.forms.ChangePasswordForm",
    "set_password": "locations.auth.forms.SetPasswordForm",
    "reset_password_from_key": "locations.auth.forms.NewPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up; other browsers sign in
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address per user; a new one must be verified first
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60  # seconds; mail can be slow
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # seconds
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before users change their address
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "locations.auth.adapter.SecondStepAdapter"
MFA_FORMS = {
    "add_webauthn": "locations.auth.passkey_forms.AddPasskeyForm",
    "authenticate_webauthn": "locations.auth.passkey_forms.PasskeyStepForm",
    "edit_webauthn": "locations.auth.passkey_forms.RenamePasskeyForm",
    "login_webauthn": "locations.auth.passkey_forms.PasskeySignInForm",
    "reauthenticate_webauthn": "locations.auth.passkey_forms.PasskeyAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Pairline"
MFA_TOTP_TOLERANCE = 1  # steps: a phone's clock may be off by 30 seconds
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PUBLIC_URL.startswith("http://")  # browsers: localhost only
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Pairline <pairline@localhost>")
EMAIL_TIMEOUT = 10  # seconds; a user waits for the page
globals().update(env.email("EMAIL_URL", "consolemail://"))  # EMAIL_BACKEND, EMAIL_HOST, …
EMAIL_PROVIDER = env.choice("EMAIL_PROVIDER", "", ("", *mail_provider.KEYS))
globals().update(
    mail_provider.provider_settings(
        EMAIL_PROVIDER, env.text("EMAIL_PROVIDER_KEY", ""), env.text("EMAIL_WEBHOOK_SECRET", "")
    )
)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # the available languages, each by its own name
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG  # also in tests that turn DEBUG off
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

CONTENT_SECURITY_POLICY = content_security_policy(PUBLIC_URL)
_transport = transport_security(PUBLIC_URL, debug=DEBUG)
SECURE_HSTS_SECONDS = _transport["SECURE_HSTS_SECONDS"]
SECURE_HSTS_INCLUDE_SUBDOMAINS = _transport["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
SECURE_SSL_REDIRECT = _transport["SECURE_SSL_REDIRECT"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _transport["SESSION_COOKIE_SECURE"]
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # health checks use plain HTTP
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # HSTS preload binds a domain for years: the operator decides
]
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["locations.rest.authentication.BearerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["locations.rest.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "locations.rest.exception_handler.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Pairline API",
    "DESCRIPTION": "Link WhatsApp numbers to your locations, follow their status, send and read.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "locations.rest.schema.describe_headers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "SessionStatusEnum": "sessions_app.lifecycle.Status",
        "MessageStatusEnum": "conversations.models.MessageStatus",
    },
}

LOGGING = logging_settings(DATA_DIR, debug=DEBUG)

ENVIRONMENT = env.given  # a function; support bundles show a redacted copy
