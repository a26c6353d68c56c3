# For any of the examples: `gunicorn -c gunicorn.conf.py flask_app:app`. The application, and with it the segment, is opened once before the workers
# are forked; each of them is a worker of its own to Seki from its first call on. Without preload_app each opens it, which is as good.
import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = 4
worker_class = os.environ.get("WORKER_CLASS", "sync")
threads = 1 if worker_class == "sync" else 4
preload_app = True
