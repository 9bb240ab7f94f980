"""The firewall of docs/deployment.md, its rules as they stand there, in a network of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

DEPLOYMENT = Path(__file__).parents[2] / "docs" / "deployment.md"
#: what the documents name, and what stands for it where there is only a loopback interface
IN_OUR_NETWORK = {
    "192.0.2.10": "127.0.7.1",
    "10.20.0.0/16": "127.0.8.0/24",
    "-i eth0": "-i lo",
}

#: sends packets to the SIP port, as many of each address as asked for, and tells how many came, and in what time
_SENDER = """
import json, socket, sys, time
wanted = json.loads(sys.argv[1])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sink.bind(("127.0.6.1", 5060))
    sink.settimeout(0.2)
    came, began = dict.fromkeys(wanted, 0), time.monotonic()
    for source, count in wanted.items():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind((source, 0))
            for _ in range(count):
                try:
                    phone.sendto(b"REGISTER", ("127.0.6.1", 5060))
                except PermissionError:
                    pass
    took = time.monotonic() - began
    try:
        while True:
            came[sink.recvfrom(100)[1][0]] += 1
    except TimeoutError:
        print(json.dumps([came, took]))
"""


def documented_rules() -> list[str]:
    """The lines about signalling, in their order: who may come in, and then the limit per address."""
    lines = re.findall(r"^ *(iptables .*)$", DEPLOYMENT.read_text(encoding="utf-8"), re.MULTILINE)
    rules = [line.partition("#")[0].strip() for line in lines if "SIP-IN" in line]
    for documented, ours in IN_OUR_NETWORK.items():
        rules = [rule.replace(documented, ours) for rule in rules]
    return rules


def packets_let_in(rules: list[str], sent: Mapping[str, int]) -> tuple[dict[str, int], float]:
    """How many packets of each address come in, of so many that it sends at once, and how many seconds that took."""
    prepared = ["ip link set lo up", "iptables -N DOCKER-USER", "iptables -I INPUT -j DOCKER-USER"]
    script = "\n".join([*prepared, *rules, 'exec "$0" -c "$1" "$2"'])
    command = ["unshare", "--net", "sh", "-ec", script, sys.executable, _SENDER, json.dumps(sent)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    came, took_seconds = json.loads(ran.stdout)
    return came, took_seconds
