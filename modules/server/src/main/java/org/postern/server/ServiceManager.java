package org.postern.server;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells systemd that the server is ready, or stops (sd_notify, `Type=notify`): one datagram to the
/// socket that NOTIFY_SOCKET names. The JDK has no datagram sockets in the Unix domain; the C library's
/// are called. Elsewhere than under systemd it does nothing, and an error is logged and nothing more:
/// mail is served all the same.
final class ServiceManager {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    // Linux's numbers, for there is systemd
    private static final short UNIX = 1;
    private static final int DATAGRAM = 2;
    private static final int CLOSE_ON_EXEC = 0x80000;
    private static final int MOST_PATH = 107; // octets in struct sockaddr_un, with a NUL behind

    private final Optional<String> socket;

    /// @param socket a path, or `@` and an abstract name
    ServiceManager(Optional<String> socket) {
        this.socket = socket.filter(name -> !name.isEmpty());
    }

    static ServiceManager ofEnvironment() {
        return new ServiceManager(Optional.ofNullable(System.getenv("NOTIFY_SOCKET")));
    }

    void ready() {
        tell("READY=1");
    }

    void stopping() {
        tell("STOPPING=1");
    }

    private void tell(String state) {
        if (socket.isEmpty()) {
            return;
        }
        try {
            send(socket.get(), state);
        } catch (Throwable failure) { // of a method handle: anything
            LOG.warn("systemd could not be told {}: {}", state, failure.toString());
        }
    }

    @SuppressWarnings("restricted") // bin/postern enables native access
    private static void send(String socket, String state) throws Throwable {
        byte[] path = socket.getBytes(StandardCharsets.UTF_8);
        if (path.length > MOST_PATH || (path[0] != '/' && path[0] != '@')) {
            throw new IllegalArgumentException("NOTIFY_SOCKET is no socket's name");
        }
        boolean isAbstract = path[0] == '@';
        if (isAbstract) {
            path[0] = 0;
        }
        MethodHandle open = function(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        MethodHandle sendTo = function(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        MethodHandle close = function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_un: the family in the machine's order, then the path
            MemorySegment address = arena.allocate(2 + MOST_PATH + 1);
            address.set(ValueLayout.JAVA_SHORT, 0, UNIX);
            MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
            int length = 2 + path.length + (isAbstract ? 0 : 1);
            byte[] octets = state.getBytes(StandardCharsets.US_ASCII);
            MemorySegment message = arena.allocateFrom(ValueLayout.JAVA_BYTE, octets);
            int descriptor = (int) open.invokeExact((int) UNIX, DATAGRAM | CLOSE_ON_EXEC, 0);
            if (descriptor < 0) {
                throw new IllegalStateException("no socket");
            }
            long sent;
            int closed;
            try {
                sent = (long) sendTo.invokeExact(descriptor, message, (long) octets.length, 0, address, length);
            } finally {
                closed = (int) close.invokeExact(descriptor);
            }
            if (sent != octets.length || closed != 0) {
                throw new IllegalStateException("nobody listens on its socket");
            }
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
    }
}
