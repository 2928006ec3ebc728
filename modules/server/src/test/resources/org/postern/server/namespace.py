"""Runs clients in a network of their own, where the resolver of resolv.conf is the test's Unbound on port 53.

unshare -rnm python3 namespace.py SPECIFICATION: JSON with `ports` (a Unix socket behind each ADDRESS:PORT of TCP),
`mounts` (files to show in the place of others), `unbound` (its command) and `commands`. Prints a JSON list with the exit
code and the output of each command.
"""
import fcntl, json, socket, struct, subprocess, sys, threading

specification = json.load(open(sys.argv[1]))

# the loopback interface of a new network is down: SIOCSIFFLAGS, IFF_UP
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))
for place, shown in specification["mounts"].items():
    subprocess.run(["mount", "--bind", shown, place], check=True)


def pump(source, sink):
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def carry(listener, path):
    while True:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for pair in ((client, server), (server, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


for place, path in specification["ports"].items():
    address, port = place.split(":")
    listener = socket.create_server((address, int(port)))
    threading.Thread(target=carry, args=(listener, path), daemon=True).start()

unbound = subprocess.Popen(specification["unbound"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
for line in unbound.stdout:
    if "start of service" in line:
        break
threading.Thread(target=unbound.stdout.read, daemon=True).start()
outcomes = []
for command in specification["commands"]:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    outcomes.append({"code": done.returncode, "output": done.stdout.decode(errors="replace")})
unbound.terminate()
unbound.wait()
print(json.dumps(outcomes))
