"""Fills a lab's swarm with services that run nothing: each wants a node that does not exist, so its one task gets its
addresses and stays pending. What an engine tells about them is as long as what it tells about real ones: environment,
labels, a health check, a volume, as a recipe of Co-op Cloud has them. All are on one shared /16, and each is also on one
of ten networks of their stacks.
"""
import concurrent.futures
import http.client
import json
import socket
import time
import urllib.parse

SHARED = "shared"
STACKS = 10
CLIENTS = 8
SETTLE_S = 300


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path, method, url, body=None):
    connection = Connection(path)
    try:
        connection.request(method, url, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise OSError(f"{method} {url}: {answer.status} {text.decode(errors='replace').strip()}")
        return json.loads(text) if text.strip() else None
    finally:
        connection.close()


def network_spec(name, subnet):
    return {"Name": name, "Driver": "overlay", "Attachable": True, "CheckDuplicate": True,
            "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet}]}}


def service_spec(number):
    stack = f"stack-{number % STACKS}"
    name = f"{stack}_app-{number}"
    router = f"traefik.http.routers.app-{number}"
    return {
        "Name": name,
        "Labels": {
            "com.docker.stack.namespace": stack, "com.docker.stack.image": f"registry.example/recipe:{number}",
            "traefik.enable": "true", f"{router}.rule": f"Host(`app-{number}.example.org`)",
            f"{router}.entrypoints": "web-secure", f"{router}.tls.certresolver": "production",
            f"traefik.http.services.app-{number}.loadbalancer.server.port": "8080",
            f"coop-cloud.{stack}.version": "1.2.0+4.5.6", f"coop-cloud.{stack}.chaos-version": "none",
            "backupbot.backup": "true", "backupbot.backup.path": "/var/lib/app",
        },
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": f"registry.example/recipe:{number}", "Args": ["serve", "--listen", "0.0.0.0:8080"],
                "Env": [f"APP_SETTING_{i}=a value of the length that such values have" for i in range(12)],
                "Mounts": [{"Type": "volume", "Source": f"{stack}_data", "Target": "/var/lib/app"}],
                "Healthcheck": {"Test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"],
                                "Interval": 15_000_000_000, "Timeout": 10_000_000_000, "Retries": 10},
            },
            "Placement": {"Constraints": ["node.labels.none == such"]},
            "Networks": [{"Target": SHARED, "Aliases": [f"app-{number}"]}, {"Target": stack, "Aliases": ["app"]}],
        },
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": {"Parallelism": 1, "FailureAction": "rollback", "Order": "start-first"},
        "RollbackConfig": {"Parallelism": 1, "Order": "start-first"},
    }


def create_networks(path):
    call(path, "POST", "/networks/create", network_spec(SHARED, "10.10.0.0/16"))
    for i in range(STACKS):
        call(path, "POST", "/networks/create", network_spec(f"stack-{i}", f"10.20.{i}.0/24"))


def settled(path, count):
    """Every service has its two VIPs, every task its two addresses, and the scheduler has said why it waits."""
    services = call(path, "GET", "/services")
    if len(services) != count or any(len(s["Endpoint"].get("VirtualIPs") or []) != 2 for s in services):
        return False
    wanted = urllib.parse.quote(json.dumps({"desired-state": ["running"]}))
    tasks = call(path, "GET", f"/tasks?filters={wanted}")
    return len(tasks) == count and all(t["Status"]["State"] == "pending" and t["Status"].get("Err")
                                       and len(t.get("NetworksAttachments") or []) == 2 for t in tasks)


def grow(path, have, count):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda n: call(path, "POST", "/services/create", service_spec(n)), range(have, count)))
    end = time.monotonic() + SETTLE_S
    while not settled(path, count):
        if time.monotonic() > end:
            raise OSError(f"{count} services are not all pending with their addresses after {SETTLE_S} s")
        time.sleep(0.5)
