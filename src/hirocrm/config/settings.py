"""Django's settings, mapped from `config.env`. Code reads `django.conf.settings`, never this module."""

from pathlib import Path

import structlog

from hirocrm.config import env as environment
from hirocrm.config import logs, mail
from hirocrm.config.database import database_settings

env = environment.load()
LOGGING = logs.LOGGING
PACKAGE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.hirocrm_debug
BASE_URL = str(env.hirocrm_base_url).rstrip("/")
DATA_DIR = env.data_dir
SECRET_KEY = env.secret_keys[0]
SECRET_KEY_FALLBACKS = list(env.secret_keys[1:])
ENCRYPTION_KEYS = env.secret_keys

# A self-hosted install is reached by whatever name its owner gave it; the session cookie is
# host-only and every form carries a CSRF token, so the Host header decides nothing.
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if BASE_URL.startswith("https:") else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https:")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

ROOT_URLCONF = "hirocrm.config.urls"
ASGI_APPLICATION = "hirocrm.config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "organizations.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "ninja",  # its copy of Swagger UI for /api/docs: nothing comes from another host
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
    "hirocrm.core",
    "hirocrm.organizations",
    "hirocrm.meta",
    "hirocrm.contacts",
    "hirocrm.inbox",
    "hirocrm.pipelines",
    "hirocrm.analysis",
    "hirocrm.sync",
    "hirocrm.privacy",
    "hirocrm.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "hirocrm.web.policy.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hirocrm.web.policy.PrivatePagesMiddleware",
    "hirocrm.web.compression.CompressionMiddleware",  # pages; built files come compressed, tokens are masked
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hirocrm.web.policy.HtmxSignInMiddleware",
    "hirocrm.web.members.AccountPagesMiddleware",
    "hirocrm.web.errors.DomainErrorMiddleware",
    "hirocrm.api.middleware.api_responses",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hirocrm.web.navigation.navigation",
            ],
        },
    }
]

DATABASES = {"default": database_settings(env)}

LANGUAGE_CODE = "en"
# Those with a catalogue of ours. Django's own list is of a hundred: a Spanish browser would then get our pages in
# English with Django's refusals and dates in Spanish, and be told that all of it is Spanish.
LANGUAGES = [("en", "English")]
USE_I18N = True
LOCALE_PATHS = [PACKAGE_DIR / "web" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = None
STATICFILES_DIRS = (
    [PACKAGE_DIR / "web" / "assets"] if (PACKAGE_DIR / "web" / "assets").is_dir() else []
)
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"-[0-9a-z]{8}\.\w+$"  # Vite's hash: such a file never changes
CSRF_FAILURE_VIEW = "hirocrm.web.errors.csrf_failure"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "hirocrm.web.sign_in.forms.SignUpForm"
ACCOUNT_FORMS = {
    "login": "hirocrm.web.sign_in.account_forms.LoginForm",
    "signup": "hirocrm.web.sign_in.account_forms.SignupForm",
    "add_email": "hirocrm.web.sign_in.account_forms.AddEmailForm",
    "change_password": "hirocrm.web.sign_in.account_forms.ChangePasswordForm",
    "set_password": "hirocrm.web.sign_in.account_forms.SetPasswordForm",
    "reset_password": "hirocrm.web.sign_in.account_forms.ResetPasswordForm",
    "reset_password_from_key": "hirocrm.web.sign_in.account_forms.ResetPasswordKeyForm",
    "reauthenticate": "hirocrm.web.sign_in.account_forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = "HiroCRM: "
ACCOUNT_EMAIL_VERIFICATION = "optional"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "hirocrm.web.sign_in.adapter.AccountAdapter"
globals().update(mail.parse_email_url(env.email_url.get_secret_value(), base_url=BASE_URL))

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful", "listen_notify": True}

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "hirocrm.web.upload_handlers.NamelessFileUploadHandler",
]
API_REQUESTS_PER_MINUTE = 1_200  # of one API token, or one member in the browser

FACEBOOK_APP_ID = env.facebook_app_id
FACEBOOK_APP_SECRET = env.facebook_app_secret.get_secret_value() if env.facebook_app_secret else ""
FACEBOOK_WEBHOOK_VERIFY_TOKEN = (
    env.facebook_webhook_verify_token.get_secret_value()
    if env.facebook_webhook_verify_token
    else ""
)
WEBHOOK_RETENTION_DAYS = (
    env.hirocrm_webhook_retention_days
)  # how long deliveries are kept as they came
FACEBOOK_GRAPH_URL = env.facebook_graph_url
FACEBOOK_GRAPH_VERSION = env.facebook_graph_version
FACEBOOK_LOGIN_URL = env.facebook_login_url
FACEBOOK_LOGIN_CONFIG_ID = env.facebook_login_config_id  # of Facebook Login for Business
# The Instagram product of the Meta app has an id and a secret of its own, which signs its webhooks.
INSTAGRAM_APP_ID = env.instagram_app_id
INSTAGRAM_APP_SECRET = (
    env.instagram_app_secret.get_secret_value() if env.instagram_app_secret else ""
)
INSTAGRAM_GRAPH_URL = env.instagram_graph_url
INSTAGRAM_LOGIN_URL = env.instagram_login_url
INSTAGRAM_TOKEN_URL = env.instagram_token_url
PROFILE_PICTURES = env.hirocrm_profile_pictures  # off, messenger, all

GOOGLE_AI_KEYS = env.google_ai_keys
GOOGLE_AI_BASE_URL = env.google_ai_base_url
GOOGLE_AI_MODELS = env.google_ai_models
GOOGLE_AI_RPM = env.google_ai_rpm  # requests a minute for each key; 0: no limit of our own
GOOGLE_AI_TPM = env.google_ai_tpm  # input tokens a minute for each key; 0: no limit of our own
GOOGLE_AI_RPD = env.google_ai_rpd  # requests a day for each key; 0: no limit of our own
OPENAI_API_KEY = env.openai_api_key.get_secret_value() if env.openai_api_key else ""
OPENAI_BASE_URL = env.openai_base_url
OPENAI_MODEL = env.openai_model
ANTHROPIC_API_KEY = env.anthropic_api_key.get_secret_value() if env.anthropic_api_key else ""
ANTHROPIC_BASE_URL = env.anthropic_base_url
ANTHROPIC_MODEL = env.anthropic_model

ANALYZER_ORDER = env.hirocrm_analyzer
ANALYSIS_CONCURRENCY = env.hirocrm_analysis_concurrency  # analyses in flight per worker process
ANALYSIS_DEBOUNCE_SECONDS = env.hirocrm_analysis_debounce_seconds

if environment.running_under_pytest():
    # Hashing passwords slowly on purpose protects people, not tests.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

structlog.configure_once(
    processors=logs.OWN_PROCESSORS,
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
