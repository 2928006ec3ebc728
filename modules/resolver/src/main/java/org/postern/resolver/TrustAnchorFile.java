package org.postern.resolver;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/// Where validation begins: DS or DNSKEY records in zone file form, of the root or of any other zone.
///
/// Keys are not rolled by watching them (RFC 5011), but by the file: put a new one in its place, by package
/// (`dns-root-data` on Debian) or by hand, and it is read within a minute. A file that cannot be read any more
/// leaves the last good anchors in force, and says so in the log.
public final class TrustAnchorFile {
    private static final Logger LOG = LoggerFactory.getLogger(TrustAnchorFile.class);
    private static final long LOOK_EVERY = TimeUnit.MINUTES.toNanos(1);

    private final @Nullable Path path;
    private volatile Anchors anchors;
    private volatile long looked = System.nanoTime();

    private record Anchors(
            byte[] text, List<Name> zones, @Nullable FileTime modified) {}

    private TrustAnchorFile(@Nullable Path path, Anchors anchors) {
        this.path = path;
        this.anchors = anchors;
    }

    /// IANA's anchors of the root zone, as they were when this version was made.
    public static TrustAnchorFile ofIana() {
        try (InputStream stream = TrustAnchorFile.class.getResourceAsStream("root-anchors.txt")) {
            if (stream == null) {
                throw new IllegalStateException("root-anchors.txt is missing");
            }
            return new TrustAnchorFile(null, parse("root-anchors.txt", stream.readAllBytes(), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Anchors from a file, which is watched.
    ///
    /// @throws IllegalArgumentException if there is no anchor in it, or something else
    public static TrustAnchorFile of(Path path) throws IOException {
        return new TrustAnchorFile(path, read(path));
    }

    private static Anchors read(Path path) throws IOException {
        return parse(path.toString(), Files.readAllBytes(path), Files.getLastModifiedTime(path));
    }

    private static Anchors parse(String source, byte[] text, @Nullable FileTime modified) {
        List<Name> zones = new ArrayList<>();
        try (Master master = new Master(new ByteArrayInputStream(text), Name.root, 0)) {
            for (Record record = master.nextRecord(); record != null; record = master.nextRecord()) {
                if (!(record instanceof DSRecord) && !(record instanceof DNSKEYRecord)) {
                    throw new IllegalArgumentException(source + ": not a trust anchor (DS or DNSKEY): " + record);
                }
                zones.add(record.getName());
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(source + ": not in zone file form: " + e.getMessage(), e);
        }
        if (zones.isEmpty()) {
            throw new IllegalArgumentException(source + ": no trust anchor (a DS or DNSKEY record is expected)");
        }
        return new Anchors(text, zones, modified);
    }

    /// The anchors as of now, in zone file form.
    byte[] text() {
        Path file = path;
        long now = System.nanoTime();
        if (file != null && now - looked > LOOK_EVERY) {
            looked = now;
            reload(file);
        }
        return anchors.text;
    }

    void reload(Path file) {
        try {
            if (!Files.getLastModifiedTime(file).equals(anchors.modified)) {
                anchors = read(file);
                LOG.info("trust anchors read again: {}", file);
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("trust anchors cannot be read, the last ones stay in force: {}: {}", file, e.getMessage());
        }
    }

    /// Whether an anchor is at the name or above it.
    boolean covers(Name name) {
        return anchors.zones.stream().anyMatch(zone -> name.subdomain(zone));
    }

    @Override
    public String toString() {
        return (path == null ? "IANA root anchors" : path.toString()) + " ("
                + new String(anchors.text, StandardCharsets.US_ASCII).lines().count() + " lines)";
    }
}
