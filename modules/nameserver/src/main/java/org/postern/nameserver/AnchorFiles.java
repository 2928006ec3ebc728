package org.postern.nameserver;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import org.postern.files.DurableFile;
import org.xbill.DNS.DNSKEYRecord;

/// The keys of all zones as trust anchors in files: what validators believe that do not come from the root, in tests
/// and before the zone above has a DS record. Kept as the keys are.
final class AnchorFiles {
    private final Path zoneForm;
    private final Path delvForm;

    AnchorFiles(Path directory) {
        zoneForm = directory.resolve(NameServer.ANCHORS);
        delvForm = directory.resolve("trust-anchors.delv");
    }

    Path zoneForm() {
        return zoneForm;
    }

    Path delvForm() {
        return delvForm;
    }

    synchronized void write(Collection<HostedZone> zones) throws IOException {
        StringBuilder zone = new StringBuilder();
        StringBuilder delv = new StringBuilder("trust-anchors {\n");
        for (HostedZone each : zones) {
            for (DNSKEYRecord key : each.anchors()) {
                zone.append(key).append('\n');
                delv.append("  \"%s\" static-key %d %d %d \"%s\";%n"
                        .formatted(
                                key.getName(),
                                key.getFlags(),
                                key.getProtocol(),
                                key.getAlgorithm(),
                                Base64.getEncoder().encodeToString(key.getKey())));
            }
        }
        replace(zoneForm, zone.toString());
        replace(delvForm, delv.append("};\n").toString());
    }

    private static void replace(Path file, String text) throws IOException {
        byte[] octets = text.getBytes(US_ASCII);
        if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), octets)) {
            DurableFile.replace(file, octets);
        }
    }
}
