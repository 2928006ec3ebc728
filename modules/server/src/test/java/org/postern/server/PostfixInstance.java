package org.postern.server;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;

/// Debian's Postfix with a configuration and a queue of its own and no port: mail is handed to its smtpd by a Unix
/// socket. Its master insists on being root and on changing to the user postfix; fakeroot makes it believe so, for
/// everybody.
final class PostfixInstance implements Closeable {
    private static final List<String> QUEUES = List.of(
            "pid",
            "private",
            "public",
            "maildrop",
            "hold",
            "incoming",
            "active",
            "deferred",
            "bounce",
            "defer",
            "trace",
            "corrupt",
            "flush",
            "saved");
    private static final String SERVICES = """
            postlog    unix-dgram n - n -   1 postlogd
            smtpd      unix       n - n -   - smtpd
            cleanup    unix       n - n -   0 cleanup
            qmgr       unix       n - n 300 1 qmgr
            rewrite    unix       - - n -   - trivial-rewrite
            tlsmgr     unix       - - n -   1 tlsmgr
            bounce     unix       - - n -   0 bounce
            defer      unix       - - n -   0 bounce
            trace      unix       - - n -   0 bounce
            verify     unix       - - n -   1 verify
            proxymap   unix       - - n -   - proxymap
            proxywrite unix       - - n -   1 proxymap
            error      unix       - - n -   - error
            retry      unix       - - n -   - error
            anvil      unix       - - n -   1 anvil
            scache     unix       - - n -   1 scache
            lmtp       unix       - - n -   - lmtp -v
            """;
    /// Ends Postfix when its input ends, in whatever way the test did.
    private static final String RUN = """
            trap '' HUP INT TERM
            chown -R postfix "$2" "$3" && chown root "$2" "$2/pid" && chgrp postdrop "$2/public" "$2/maildrop" || exit
            /usr/lib/postfix/sbin/master -w -c "$1" || exit
            echo ready
            cat >/dev/null
            master=$(tr -d ' ' <"$2/pid/master.pid")
            kill "$master"
            while kill -0 "$master" 2>/dev/null; do sleep 0.05; done
            """;

    private final Path directory;
    private final Process process;

    private PostfixInstance(Path directory, Process process) {
        this.directory = directory;
        this.process = process;
    }

    /// @param parameters of main.cf, beside what it needs to run here
    static PostfixInstance start(Path directory, Map<String, String> parameters) throws IOException {
        return start(directory, parameters, "");
    }

    /// @param services of master.cf, beside what it needs to run here
    static PostfixInstance start(Path directory, Map<String, String> parameters, String services) throws IOException {
        Programs.require("fakeroot");
        Programs.requireInstalled(Path.of("/usr/lib/postfix/sbin/master"), "apt-get install postfix");
        Path configuration = Files.createDirectories(directory.resolve("etc"));
        Path queue = directory.resolve("spool");
        for (String each : QUEUES) {
            Files.createDirectories(queue.resolve(each));
        }
        Path data = Files.createDirectory(directory.resolve("data"));
        Map<String, String> main = new TreeMap<>(parameters);
        main.put("compatibility_level", "3.6");
        main.put("queue_directory", queue.toString());
        main.put("data_directory", data.toString());
        main.put("daemon_directory", "/usr/lib/postfix/sbin");
        main.put("command_directory", "/usr/sbin");
        main.put("inet_interfaces", "loopback-only");
        main.put("inet_protocols", "ipv4");
        main.put("alias_maps", "");
        // what its master hands on to the others: fakeroot's as well
        main.put(
                "import_environment",
                "MAIL_CONFIG LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_PRELOAD LD_LIBRARY_PATH FAKEROOTKEY");
        main.put("lmtp_host_lookup", "native");
        main.put("maillog_file_prefixes", directory.toString());
        main.put("maillog_file", directory.resolve("log").toString());
        StringBuilder text = new StringBuilder();
        main.forEach(
                (name, value) -> text.append(name).append(" = ").append(value).append('\n'));
        Files.writeString(configuration.resolve("main.cf"), text);
        Files.writeString(configuration.resolve("master.cf"), SERVICES + services);
        for (Path each : List.of(directory, configuration, queue)) {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Process process = new ProcessBuilder(
                        "fakeroot", "sh", "-c", RUN, "sh", configuration.toString(), queue.toString(), data.toString())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .start();
        var instance = new PostfixInstance(directory, process);
        StringBuilder said = new StringBuilder();
        var lines = process.inputReader();
        for (String line = lines.readLine(); !"ready".equals(line); line = lines.readLine()) {
            if (line == null) {
                throw new AssertionError("Postfix did not start: " + said + instance.log());
            }
            said.append(line).append('\n');
        }
        return instance;
    }

    /// A client of its smtpd, greeted.
    WireClient smtp() throws IOException {
        WireClient client = WireClient.unixSocket(directory.resolve("spool/public/smtpd"));
        client.readUntil("220 ");
        client.command("EHLO client.example.test", "250 ");
        return client;
    }

    String log() throws IOException {
        Path log = directory.resolve("log");
        return Files.exists(log) ? Files.readString(log) : "(no log)";
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        process.onExit().join();
    }
}
