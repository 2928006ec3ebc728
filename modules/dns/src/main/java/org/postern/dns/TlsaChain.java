package org.postern.dns;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.postern.identity.TlsaRecord;
import org.postern.tls.Fingerprints;

/// What a handshake shows, as TLSA records see it; or a key alone, for which a certificate is still to come.
///
/// @param key SHA-256 of the server's public key, hexadecimal
/// @param records the data of each record that may be published for it, in presentation form
/// @param matching the data of each record that matches: the same, and those of intermediate authorities. Digests only,
///     for nobody ought to publish more (RFC 7671 §10.1.2).
public record TlsaChain(String key, Set<String> records, Set<String> matching) {
    private static final List<Integer> OWN = List.of(TlsaRecord.DANE_EE, TlsaRecord.PKIX_EE);
    private static final List<Integer> ISSUERS = List.of(TlsaRecord.DANE_TA, TlsaRecord.PKIX_TA);
    private static final List<Integer> DIGESTS = List.of(TlsaRecord.SHA_256, TlsaRecord.SHA_512);

    public TlsaChain {
        records = Set.copyOf(records);
        matching = Set.copyOf(matching);
    }

    /// Of a chain as it is sent, the server's own certificate first.
    public static TlsaChain of(List<X509Certificate> chain) {
        Set<String> records = new TreeSet<>();
        Set<String> matching = new TreeSet<>();
        for (int place = 0; place < chain.size(); place++) {
            for (int usage : place == 0 ? OWN : ISSUERS) {
                for (int digest : DIGESTS) {
                    for (int selector : List.of(TlsaRecord.CERTIFICATE, TlsaRecord.PUBLIC_KEY)) {
                        String data = text(TlsaRecord.of(usage, selector, digest, chain.get(place)));
                        matching.add(data);
                        if (place == 0 || place == chain.size() - 1) {
                            records.add(data);
                        }
                    }
                }
            }
        }
        return new TlsaChain(Fingerprints.sha256(chain.getFirst().getPublicKey()), records, matching);
    }

    /// Of a key that is to be served: what can be announced of it before its certificate is there.
    public static TlsaChain of(PublicKey key) {
        Set<String> records = new TreeSet<>();
        for (int usage : OWN) {
            records.add(usage + " 1 1 " + Fingerprints.sha256(key));
            records.add(usage + " 1 2 " + sha512(key.getEncoded()));
        }
        return new TlsaChain(Fingerprints.sha256(key), records, records);
    }

    private static String sha512(byte[] octets) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(octets));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no SHA-512", e);
        }
    }

    static String text(TlsaRecord record) {
        return record.usage() + " " + record.selector() + " " + record.matchingType() + " "
                + HexFormat.of().formatHex(record.data());
    }

    /// What to publish of it in one form: nothing where it has nothing that such a record could point to.
    Set<String> records(TlsaParameters form) {
        Set<String> found = new TreeSet<>();
        for (String data : records) {
            if (form(data).equals(form.toString())) {
                found.add(data);
            }
        }
        return found;
    }

    /// RFC 7671 §8: whichever usages, selectors and digests a client heeds, of those that are there one record matches.
    boolean satisfies(Set<String> published) {
        Set<String> matched = new TreeSet<>();
        published.stream().filter(matching::contains).forEach(data -> matched.add(form(data)));
        return published.stream().allMatch(data -> matched.contains(form(data)));
    }

    /// `3 1 1` of a record's data.
    static String form(String data) {
        int end = -1;
        for (int field = 0; field < 3 && end < data.length(); field++) {
            int next = data.indexOf(' ', end + 1);
            end = next < 0 ? data.length() : next;
        }
        return data.substring(0, end);
    }

    /// The one way in which data is written here: one space between fields, digits in lower case without any.
    static String canonical(String data) {
        String[] fields = data.strip().split("\\s+", 4);
        return fields.length < 4
                ? data
                : String.join(" ", fields[0], fields[1], fields[2])
                        + " "
                        + fields[3].replaceAll("[\\s()]", "").toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return key.substring(0, Math.min(16, key.length()));
    }
}
