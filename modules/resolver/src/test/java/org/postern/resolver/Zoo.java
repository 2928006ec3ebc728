package org.postern.resolver;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.postern.testkit.Programs;
import org.postern.testkit.SignedZones;

/// Zones of every kind.
final class Zoo implements AutoCloseable {
    private final DatagramSocket silent; // takes questions and never answers
    private final SignedZones zones;
    final Upstream unbound;
    final Path anchor;

    Zoo(Path directory) throws Exception {
        silent = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        zones = new SignedZones(directory);
        unbound = new Upstream(InetAddress.getLoopbackAddress(), zones.port());
        anchor = zones.anchor();
        fill();
        zones.serve();
    }

    private void fill() throws Exception {
        String ecdsa = SignedZones.ECDSA;
        String plain = "a A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2\nz TXT \"one\" \"two\"\n"
                + "_imaps._tcp SRV 0 1 993 a\n_993._tcp.a TLSA 3 1 1 "
                + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n@ MX 10 a\n";
        zones.signed("rsa.test", "RSASHA256", plain, List.of());
        zones.signed("ecdsa.test", ecdsa, plain, List.of("-3", "-", "-H", "0"));
        zones.signed("ed25519.test", "ED25519", plain, List.of());
        zones.unsigned("insecure.test", plain);
        zones.unsigned("child.optout.test", plain);
        zones.signed("optout.test", ecdsa, plain, List.of("-3", "-", "-A"));
        zones.signed("wild.test", ecdsa, plain + "*.w A 192.0.2.9\n*.w3.w TXT \"x\"\n", List.of());
        zones.signed("wild3.test", ecdsa, plain + "*.w A 192.0.2.9\n", List.of("-3", "-", "-H", "0"));
        zones.signed("expired.test", ecdsa, plain, List.of("-s", "20200101000000", "-e", "20200201000000"));
        zones.signed("future.test", ecdsa, plain, List.of("-s", "20990101000000", "-e", "20990201000000"));
        zones.signed("wrongds.test", ecdsa, plain, List.of());
        zones.changeDelegation("wrongds.test", records -> {
            String[] words = records.strip().split("\\s+", -1);
            String digest = words[words.length - 1];
            return records.replace(digest, (digest.startsWith("0") ? "1" : "0") + digest.substring(1));
        });
        zones.signed("missing.test", ecdsa, plain, List.of());
        zones.change("missing.test", line -> line.matches("a\\.missing\\.test\\..*\\sRRSIG\\s+A\\s.*") ? "" : line);
        zones.signed("changed.test", ecdsa, plain, List.of());
        zones.change(
                "changed.test",
                line -> line.replaceFirst("(a\\.changed\\.test\\..*\\sA\\s+)192\\.0\\.2\\.1$", "$1192.0.2.66"));
        zones.signed("forged.test", ecdsa, plain, List.of());
        zones.change("forged.test", line -> line.startsWith("b.forged.test.") ? "" : line);
        zones.signed("forged3.test", ecdsa, plain, List.of("-3", "-", "-H", "0"));
        zones.change("forged3.test", line -> line.matches("b\\.forged3\\.test\\..*\\s(A|RRSIG\\s+A)\\s.*") ? "" : line);
        zones.signed(
                "alias.test",
                ecdsa,
                plain + "good CNAME a.rsa.test.\nbad CNAME a.insecure.test.\nboth CNAME bad\nloop1 CNAME loop2\n"
                        + "loop2 CNAME loop1\nbroken CNAME a.expired.test.\nnowhere CNAME no.ecdsa.test.\n"
                        + "tree DNAME ecdsa.test.\nwoods DNAME insecure.test.\n*.star CNAME a.rsa.test.\n",
                List.of());
        zones.unsigned("from.test", plain + "up CNAME a.rsa.test.\n");
        StringBuilder big = new StringBuilder(plain);
        for (int index = 0; index < 60; index++) {
            big.append("big TXT \"").append(index).append("x".repeat(100)).append("\"\n");
        }
        zones.signed("big.test", ecdsa, big.toString(), List.of());
        String ns = " NS ns.test.\n";
        zones.answeredBy("lame.test", 0);
        zones.answeredBy("silent.test", silent.getLocalPort());
        zones.answeredBy("referral.test", zones.authoritativePort());
        zones.signed("test", ecdsa, "ns A 127.0.0.1\nlame" + ns + "silent" + ns + "referral" + ns, List.of());
        zones.signed(".", ecdsa, "", List.of());
    }

    /// What delv says of a name, asking the same Unbound with checking disabled: secure, insecure or failed.
    String delv(String name, String type) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Programs.requireAnywhere("delv").toString(),
                        "@127.0.0.1",
                        "-p",
                        Integer.toString(unbound.port()),
                        "-a",
                        zones.delvAnchor().toString(),
                        "+root=.",
                        "+cdflag",
                        "+nocrypto",
                        name,
                        type)
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        boolean denied = text.contains("ncache"); // delv calls an answer without records a failure
        if (!denied && (text.contains("resolution failed") || text.contains("timed out"))) {
            return "failed";
        }
        if (text.contains("unsigned answer") || text.contains("negative response, unsigned")) {
            return "insecure";
        }
        return text.contains("fully validated") ? "secure" : "unclear: " + text;
    }

    @Override
    public void close() {
        zones.close();
        silent.close();
    }
}
