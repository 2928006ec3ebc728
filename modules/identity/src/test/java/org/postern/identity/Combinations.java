package org.postern.identity;

import static org.postern.testkit.TestPki.authority;
import static org.postern.testkit.TestPki.dns;
import static org.postern.testkit.TestPki.excluded;
import static org.postern.testkit.TestPki.permitted;
import static org.postern.testkit.TestPki.server;
import static org.postern.testkit.TestPki.srv;

import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.postern.testkit.TestPki;
import org.postern.testkit.TestPki.Issued;
import org.postern.testkit.TestPki.Request;

/// Seeded combinations of a certification path, the names in the certificate, the name that is looked for, and TLSA
/// records. What is special about one is a trait, by which `differences.tsv` explains other verifiers' answers.
final class Combinations {
    record Combination(
            List<X509Certificate> presented,
            TrustAnchors anchors,
            String host,
            List<TlsaRecord> records,
            Set<String> traits,
            KeyPair serverKeys) {}

    private record Chain(List<X509Certificate> presented, List<X509Certificate> anchors) {}

    private record Path(String trait, Function<Request, Chain> make) {}

    private record Names(String trait, List<GeneralName> presented, List<String> hosts) {}

    private static final Duration DAY = Duration.ofDays(1);

    private final Random random;
    private final KeyPair weak = TestPki.rsa(1024);
    private final KeyPair strongRsa = TestPki.rsa(2048);
    private final Issued root = authority("Root").selfSigned();
    private final Issued middle = authority("Middle").by(root);
    private final Issued otherRoot = authority("Other Root").selfSigned();
    private final List<Path> paths = new ArrayList<>();
    private final List<Names> names = new ArrayList<>();

    Combinations(long seed) {
        random = new Random(seed);
        paths();
        names();
    }

    private void path(String trait, Function<Request, Chain> make) {
        paths.add(new Path(trait, make));
    }

    /// Below one intermediate of this make, which is presented.
    private Chain below(Issued intermediate, Request leaf) {
        return new Chain(
                List.of(leaf.by(intermediate).certificate(), intermediate.certificate()), List.of(root.certificate()));
    }

    private static List<X509Certificate> certificates(Issued... issued) {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Issued each : issued) {
            certificates.add(each.certificate());
        }
        return certificates;
    }

    private void paths() {
        path("valid", leaf -> below(middle, leaf));
        path("valid-rsa", leaf -> below(middle, leaf.keys(strongRsa)));
        path("below-root", leaf -> new Chain(certificates(leaf.by(root)), certificates(root)));
        path("root-presented", leaf -> new Chain(certificates(leaf.by(middle), middle, root), certificates(root)));
        path("unordered", leaf -> new Chain(certificates(leaf.by(middle), root, middle), certificates(root)));
        path("self-signed", leaf -> new Chain(certificates(leaf.selfSigned()), certificates(root)));
        path("self-signed-anchor", leaf -> {
            Issued self = leaf.selfSigned();
            return new Chain(certificates(self), certificates(self));
        });
        path("unknown-root", leaf -> new Chain(certificates(leaf.by(middle), middle, root), certificates(otherRoot)));
        path("missing-intermediate", leaf -> new Chain(certificates(leaf.by(middle)), certificates(root)));
        path("intermediate-anchor", leaf -> new Chain(certificates(leaf.by(middle)), certificates(middle)));
        path("leaf-expired", leaf -> below(middle, leaf.valid(DAY.multipliedBy(-9), DAY.negated())));
        path("leaf-future", leaf -> below(middle, leaf.valid(DAY, DAY.multipliedBy(9))));
        Issued expired =
                authority("Middle").valid(DAY.multipliedBy(-9), DAY.negated()).by(root);
        path("intermediate-expired", leaf -> below(expired, leaf));
        Issued crossed = authority("Middle").keys(expired.keys()).by(otherRoot);
        path(
                "cross-signed",
                leaf -> new Chain(certificates(leaf.by(expired), expired, crossed), certificates(root, otherRoot)));
        Issued oldRoot =
                authority("Old Root").valid(DAY.multipliedBy(-9), DAY.negated()).selfSigned();
        path("root-expired", leaf -> new Chain(certificates(leaf.by(oldRoot), oldRoot), certificates(oldRoot)));
        path(
                "not-server",
                leaf -> below(
                        middle,
                        leaf.extension(
                                Extension.extendedKeyUsage,
                                false,
                                new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))));
        path(
                "any-purpose",
                leaf -> below(
                        middle,
                        leaf.extension(
                                Extension.extendedKeyUsage,
                                false,
                                new ExtendedKeyUsage(KeyPurposeId.anyExtendedKeyUsage))));
        path("no-purpose", leaf -> below(middle, leaf.without(Extension.extendedKeyUsage)));
        path(
                "wrong-key-usage",
                leaf -> below(middle, leaf.extension(Extension.keyUsage, true, new KeyUsage(KeyUsage.cRLSign))));
        path("no-key-usage", leaf -> below(middle, leaf.without(Extension.keyUsage)));
        path(
                "critical-unknown",
                leaf -> below(
                        middle,
                        leaf.extension(new ASN1ObjectIdentifier("1.3.6.1.4.1.99999.1"), true, DERNull.INSTANCE)));
        path("weak-key", leaf -> below(middle, leaf.keys(weak)));
        Issued rsaMiddle = authority("RSA Middle").keys(strongRsa).by(root);
        path("sha1", leaf -> below(rsaMiddle, leaf.digest("SHA1")));
        Issued notAuthority = server("Not an authority").by(root);
        path("not-an-authority", leaf -> below(notAuthority, leaf));
        Issued noSign = authority("No signing")
                .extension(Extension.keyUsage, true, new KeyUsage(KeyUsage.cRLSign))
                .by(root);
        path("no-cert-sign", leaf -> below(noSign, leaf));
        Issued clientMiddle = authority("Clients only")
                .extension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))
                .by(root);
        path("client-authority", leaf -> below(clientMiddle, leaf));
        Issued shortMiddle = authority("Short")
                .extension(Extension.basicConstraints, true, new BasicConstraints(0))
                .by(root);
        Issued tooDeep = authority("Too deep").by(shortMiddle);
        path(
                "path-length",
                leaf -> new Chain(certificates(leaf.by(tooDeep), tooDeep, shortMiddle), certificates(root)));
        path("constraint-permits", leaf -> below(constrained("permits", permitted(dns("example.org"))), leaf));
        path("constraint-other", leaf -> below(constrained("other", permitted(dns("example.net"))), leaf));
        path("constraint-excludes", leaf -> below(constrained("excludes", excluded(dns("example.org"))), leaf));
        path(
                "constraint-srv",
                leaf -> below(constrained("srv", permitted(dns("example.org"), srv("example.org"))), leaf));
        path("forged", leaf -> {
            Issued impostor = authority("Middle").selfSigned(); // another key, the same name
            return new Chain(certificates(leaf.by(impostor), middle), certificates(root));
        });
    }

    private Issued constrained(String name, org.bouncycastle.asn1.x509.NameConstraints constraints) {
        return authority("Constrained " + name)
                .extension(Extension.nameConstraints, true, constraints)
                .by(root);
    }

    private void names(String trait, List<String> hosts, GeneralName... presented) {
        names.add(new Names(trait, List.of(presented), hosts));
    }

    private void names() {
        String host = "mail.example.org";
        names("exact", List.of(host), dns(host));
        names("exact", List.of(host), dns(host));
        names("exact", List.of(host), dns("imap.example.org"), dns(host));
        names("exact-case", List.of("MAIL.Example.org"), dns("Mail.EXAMPLE.org"));
        names("other-name", List.of(host), dns("imap.example.org"));
        names("wildcard", List.of(host, "example.org", "a.mail.example.org"), dns("*.example.org"));
        names("wildcard-partial", List.of(host), dns("m*.example.org"));
        names("wildcard-suffix", List.of(host), dns("*il.example.org"));
        names("wildcard-two", List.of("a.mail.example.org"), dns("*.*.example.org"));
        names("wildcard-inner", List.of("mail.x.example.org"), dns("mail.*.example.org"));
        names("wildcard-top", List.of("example.org"), dns("*.org"));
        names("wildcard-bare", List.of("localhost", host), dns("*"));
        names("a-label", List.of("xn--bcher-kva.example.org"), dns("xn--bcher-kva.example.org"));
        names("trailing-dot", List.of(host), dns(host + "."));
        names("uri", List.of(host), new GeneralName(GeneralName.uniformResourceIdentifier, "imap://" + host + "/"));
        names("srv-only", List.of(host), srv("_imaps.example.org"));
        names("none", List.of(host));
        names("common-name", List.of("cn.example.org"), new GeneralName(GeneralName.rfc822Name, "a@example.org"));
        names("ip", List.of("192.0.2.1", "2001:db8::1"), new GeneralName(GeneralName.iPAddress, "192.0.2.1"));
        names("ip6", List.of("2001:db8::1", "192.0.2.1"), new GeneralName(GeneralName.iPAddress, "2001:db8::1"));
        names("ip-as-dns", List.of("192.0.2.1"), dns("192.0.2.1"));
    }

    /// One for each path and each kind of name at least, then at random.
    List<Combination> make(int count) {
        List<Combination> combinations = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            // half of them are right in one respect, so that the other one decides
            Path path = index < paths.size() || random.nextInt(3) == 0
                    ? paths.get(index % paths.size())
                    : paths.get(random.nextInt(5));
            Names name = index >= paths.size() && (index < paths.size() + names.size() || random.nextInt(2) == 0)
                    ? names.get(index % names.size())
                    : names.getFirst();
            combinations.add(make(path, name));
        }
        return combinations;
    }

    private Combination make(Path path, Names name) {
        Request leaf = server("cn.example.org", name.presented.toArray(GeneralName[]::new));
        Chain chain = path.make.apply(leaf);
        Set<String> traits = new TreeSet<>();
        traits.add("path:" + path.trait);
        traits.add("name:" + name.trait);
        List<TlsaRecord> records = records(chain, traits);
        return new Combination(
                chain.presented,
                new TrustAnchors(chain.anchors),
                name.hosts.get(random.nextInt(name.hosts.size())),
                records,
                traits,
                leaf.keys());
    }

    private List<TlsaRecord> records(Chain chain, Set<String> traits) {
        List<TlsaRecord> records = new ArrayList<>();
        int count = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(random.nextBoolean() ? 1 : 3);
        for (int index = 0; index < count; index++) {
            int usage = random.nextInt(4);
            List<X509Certificate> candidates = new ArrayList<>(chain.presented);
            candidates.addAll(chain.anchors);
            if (random.nextInt(4) == 0) {
                candidates.add(otherRoot.certificate());
            }
            // mostly the certificate that its usage is about
            boolean own = usage == TlsaRecord.DANE_EE || usage == TlsaRecord.PKIX_EE;
            X509Certificate subject = own && random.nextInt(4) > 0
                    ? candidates.getFirst()
                    : candidates.get(random.nextInt(candidates.size()));
            int selector = random.nextInt(2);
            int matchingType = random.nextInt(3);
            TlsaRecord record = TlsaRecord.of(usage, selector, matchingType, subject);
            switch (random.nextInt(16)) {
                case 0 -> record = new TlsaRecord(4 + random.nextInt(252), selector, matchingType, record.data());
                case 1 -> record = new TlsaRecord(usage, 2 + random.nextInt(254), matchingType, record.data());
                case 2 -> record = new TlsaRecord(usage, selector, 3 + random.nextInt(253), record.data());
                case 3 -> record = new TlsaRecord(usage, selector, matchingType, new byte[] {1, 2, 3});
                case 4 -> {
                    byte[] changed = record.data();
                    changed[changed.length - 1] ^= 1;
                    record = new TlsaRecord(usage, selector, matchingType, changed);
                }
                default -> {} // as it is
            }
            records.add(record);
        }
        for (TlsaRecord record : records) {
            traits.add(record.unusable().map(rule -> "record:" + rule).orElse("usage:" + record.usage()));
            if (record.usage() == TlsaRecord.DANE_TA && record.matchingType() == TlsaRecord.FULL) {
                traits.add("full-anchor:" + record.selector());
            }
        }
        if (records.stream()
                .anyMatch(strong -> strong.unusable().isEmpty()
                        && strong.matchingType() == TlsaRecord.SHA_512
                        && records.stream()
                                .anyMatch(weak -> weak.unusable().isEmpty()
                                        && weak.usage() == strong.usage()
                                        && weak.selector() == strong.selector()
                                        && weak.matchingType() == TlsaRecord.SHA_256))) {
            traits.add("weaker-digest");
        }
        traits.add("records:" + (records.size() < 2 ? records.size() : "many"));
        return records;
    }
}
