"""A shop in Flask: `gunicorn -c gunicorn.conf.py flask_app:app`, or under uWSGI: uwsgi.ini.

All workers share one limit on logins, one breaker for the bank and one bulkhead for the database, however many there are.
"""

import math
import os

from flask import Flask, request

import seki

shop = seki.open(os.environ.get("SEKI_SEGMENT"))
pages = shop.limiter("pages", limit=100, window="1m")
logins = shop.limiter("logins", limit=5, window="1h")
bank = shop.breaker("bank", minimum_calls=5, wait_duration="30s")
database = shop.bulkhead("database", max_concurrent=10)

app = Flask(__name__)


@app.post("/login")
@seki.limit(logins, key=lambda: request.form["user"])
def login():
    return f"welcome, {request.form['user']}\n"


@app.get("/orders")
@seki.bulkhead(database, timeout=0.05)
def orders():
    return f"{database.status.in_use} at once\n"


@app.post("/pay")
def pay():
    bank.call(charge, request.form["card"])
    return "paid\n"


def charge(card):
    if card == "broken":
        raise ConnectionError("the bank does not answer")


@app.errorhandler(seki.Refused)
def refused(error):
    """What a limiter, a breaker or a bulkhead refuses, in one place: 429 is the caller's fault, 503 is ours."""
    status = 429 if isinstance(error, seki.RateLimited) else 503
    headers = {"Retry-After": str(max(1, math.ceil(error.retry_after)))} if error.retry_after < float("inf") else {}
    return f"{error}\n", status, headers


@app.errorhandler(ConnectionError)
def broken(error):
    return f"{error}\n", 502


# The whole application behind one more limit, for each address.
app.wsgi_app = seki.wsgi.RateLimit(app.wsgi_app, pages)
