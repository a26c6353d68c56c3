"""A shop in Django, in one file: `gunicorn -c gunicorn.conf.py django_app:application`.

In a project of its own the middleware class goes into MIDDLEWARE, and the rest into an application.
"""

import math
import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

import seki

shop = seki.open(os.environ.get("SEKI_SEGMENT"))
pages = shop.limiter("pages", limit=100, window="1m")
logins = shop.limiter("logins", limit=5, window="1h")


@seki.limit(logins, key=lambda request: request.GET.get("user", ""))
def login(request):
    return HttpResponse(f"welcome, {request.GET.get('user', '')}\n")


class RefusalMiddleware:
    """Answers what Seki refuses in any view."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, seki.Refused):
            return None
        status = 429 if isinstance(exception, seki.RateLimited) else 503
        response = HttpResponse(f"{exception}\n", status=status)
        if exception.retry_after < float("inf"):
            response["Retry-After"] = str(max(1, math.ceil(exception.retry_after)))
        return response


urlpatterns = [path("login", login)]

settings.configure(
    SECRET_KEY="an example has no secrets",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[f"{__name__}.RefusalMiddleware"],
)
django.setup()
application = seki.wsgi.RateLimit(get_wsgi_application(), pages)
