"""ASGI without a framework: `uvicorn asgi_app:app --workers 4`."""

import os

import seki

shop = seki.open(os.environ.get("SEKI_SEGMENT"))
pages = shop.limiter("pages", limit=100, window="1m")
database = shop.bulkhead("database", max_concurrent=10)


async def hello(scope, receive, send):
    if scope["type"] != "http":
        return
    async with database.acquire_async(timeout=0.05):
        body = f"{database.status.in_use} at once\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


app = seki.asgi.RateLimit(hello, pages)
