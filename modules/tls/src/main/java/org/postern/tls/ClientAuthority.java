package org.postern.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.postern.identity.PathPolicy;
import org.postern.identity.PathResult;
import org.postern.identity.ServerAuthentication;
import org.postern.identity.TrustAnchors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An authority whose certificates stand for accounts of some domains. It is no authority for anything else.
public final class ClientAuthority {
    private static final Logger LOG = LoggerFactory.getLogger(ClientAuthority.class);
    private static final int RFC822_NAME = 1; // tag of a GeneralName, RFC 5280 §4.2.1.6

    /// Where in a certificate the account's address stands.
    public enum AddressIn {
        /// subjectAltName, rfc822Name
        EMAIL,
        /// the subject's common name
        COMMON_NAME
    }

    /// What an operator decides.
    ///
    /// @param file the authority's certificate in PEM, or several
    /// @param domains for which it may vouch, A-labels
    /// @param revocationLists CRLs, in DER or PEM; read again at each login
    /// @param ocspResponses in DER, kept fresh by something else
    public record Settings(
            Path file,
            List<String> domains,
            AddressIn addressIn,
            List<Path> revocationLists,
            List<Path> ocspResponses) {}

    private final Settings settings;
    private final List<X509Certificate> certificates;

    private ClientAuthority(Settings settings, List<X509Certificate> certificates) {
        this.settings = settings;
        this.certificates = certificates;
    }

    /// Reads it.
    ///
    /// @throws TlsConfigurationException naming the file that cannot be used
    public static ClientAuthority load(Settings settings) {
        for (List<Path> files : List.of(settings.revocationLists(), settings.ocspResponses())) {
            for (Path file : files) {
                if (!Files.isReadable(file)) {
                    throw new TlsConfigurationException(file + " cannot be read: it tells of certificates that were"
                            + " revoked, and without it nobody could log in");
                }
            }
        }
        return new ClientAuthority(settings, PemFiles.readCertificates(settings.file()));
    }

    public List<X509Certificate> certificates() {
        return certificates;
    }

    /// The addresses that a certificate stands for: empty unless there is a valid path to this authority, and where
    /// revocations are told of, they say that it is good.
    public Set<String> addresses(List<X509Certificate> chain, Instant now) {
        PathPolicy policy = PathPolicy.at(now, new TrustAnchors(certificates)).forClients();
        if (!settings.revocationLists().isEmpty() || !settings.ocspResponses().isEmpty()) {
            policy = policy.withRevocation(
                    PathPolicy.Revocation.REQUIRED_FOR_SERVER,
                    read(settings.ocspResponses()),
                    read(settings.revocationLists()));
        }
        return switch (ServerAuthentication.path(chain, policy)) {
            case PathResult.Invalid invalid -> {
                LOG.debug("a client's certificate leads to no login: {}", invalid.fault());
                yield Set.of();
            }
            case PathResult.Valid _ -> named(chain.getFirst());
        };
    }

    /// What cannot be read says nothing, and then nobody is known to be good.
    private static List<byte[]> read(List<Path> files) {
        List<byte[]> contents = new ArrayList<>();
        for (Path file : files) {
            try {
                contents.add(Files.readAllBytes(file));
            } catch (IOException e) {
                LOG.error("{} cannot be read: certificates that it would tell of are refused", file);
            }
        }
        return contents;
    }

    private Set<String> named(X509Certificate certificate) {
        Set<String> addresses = new LinkedHashSet<>();
        switch (settings.addressIn()) {
            case EMAIL -> addresses.addAll(emails(certificate));
            case COMMON_NAME -> addresses.addAll(commonNames(certificate));
        }
        addresses.removeIf(address -> !settings.domains()
                .contains(address.substring(address.lastIndexOf('@') + 1).toLowerCase(Locale.ROOT)));
        return addresses;
    }

    private static List<String> emails(X509Certificate certificate) {
        List<String> emails = new ArrayList<>();
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            for (List<?> name : names == null ? List.<List<?>>of() : names) {
                if (name.get(0).equals(RFC822_NAME) && name.get(1) instanceof String address) {
                    emails.add(address);
                }
            }
        } catch (CertificateParsingException unreadable) {
            return List.of(); // names nobody
        }
        return emails;
    }

    private static List<String> commonNames(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        X500Name subject =
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
        for (RDN name : subject.getRDNs(BCStyle.CN)) {
            names.add(IETFUtils.valueToString(name.getFirst().getValue()));
        }
        return names;
    }
}
