# Written by cpmg: where and how the API server answers; its sample listens on a socket.
bind = ['0.0.0.0:28000']
workers = {{ vars.WORKERS }}
worker_class = "uvicorn.workers.UvicornWorker"
timeout = 300
keepalive = 5
reuse_port = False
proc_name = "skyline"
