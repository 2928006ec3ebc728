package org.postern.identity;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.OtherName;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;

/// The identifiers that a certificate presents, and whether they cover a name.
public record PresentedIdentifiers(List<PresentedIdentifier> all) {
    /// id-on-dnsSRV (RFC 4985 §2).
    static final ASN1ObjectIdentifier SRV_NAME = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.7");

    public PresentedIdentifiers {
        all = List.copyOf(all);
    }

    /// Reads the subjectAltName; identifiers of other kinds, and malformed ones, present nothing and are left out.
    public static PresentedIdentifiers of(X509Certificate certificate) {
        byte[] extension = certificate.getExtensionValue(Extension.subjectAlternativeName.getId());
        List<PresentedIdentifier> identifiers = new ArrayList<>();
        if (extension != null) {
            try {
                GeneralNames names = GeneralNames.getInstance(JcaX509ExtensionUtils.parseExtensionValue(extension));
                for (GeneralName name : names.getNames()) {
                    add(name, identifiers);
                }
            } catch (IOException | IllegalArgumentException e) {
                return new PresentedIdentifiers(List.of()); // an unreadable extension names nobody
            }
        }
        return new PresentedIdentifiers(identifiers);
    }

    private static void add(GeneralName name, List<PresentedIdentifier> identifiers) throws UnknownHostException {
        switch (name.getTagNo()) {
            case GeneralName.dNSName ->
                identifiers.add(new PresentedIdentifier.DnsId(DomainNames.lower(
                        ASN1IA5String.getInstance(name.getName()).getString())));
            case GeneralName.iPAddress -> {
                byte[] octets = ASN1OctetString.getInstance(name.getName()).getOctets();
                if (octets.length == 4) {
                    identifiers.add(new PresentedIdentifier.IpId(
                            InetAddress.getByAddress(octets).getHostAddress()));
                } else if (octets.length == 16) {
                    // not InetAddress: it turns ::ffff:192.0.2.1 into 192.0.2.1, other octets (RFC 9525 §6.4)
                    identifiers.add(new PresentedIdentifier.IpId(
                            Inet6Address.getByAddress(null, octets, -1).getHostAddress()));
                }
            }
            case GeneralName.otherName -> {
                ASN1Sequence otherName = ASN1Sequence.getInstance(name.getName());
                if (SRV_NAME.equals(otherName.getObjectAt(0))) {
                    String value = DomainNames.lower(
                            ASN1IA5String.getInstance(ASN1TaggedObject.getInstance(otherName.getObjectAt(1))
                                            .getExplicitBaseObject())
                                    .getString());
                    int dot = value.indexOf('.');
                    if (value.startsWith("_") && dot > 1 && dot < value.length() - 1) {
                        identifiers.add(
                                new PresentedIdentifier.SrvId(value.substring(1, dot), value.substring(dot + 1)));
                    }
                }
            }
            case GeneralName.uniformResourceIdentifier ->
                identifiers.add(new PresentedIdentifier.UriId(
                        ASN1IA5String.getInstance(name.getName()).getString()));
            default -> {} // e-mail addresses and directory names do not name a mail server
        }
    }

    /// The subjectAltName extension's value for these identifiers.
    public GeneralNames toGeneralNames() {
        return new GeneralNames(all.stream()
                .map(identifier -> switch (identifier) {
                    case PresentedIdentifier.DnsId dns -> new GeneralName(GeneralName.dNSName, dns.pattern());
                    case PresentedIdentifier.IpId ip -> new GeneralName(GeneralName.iPAddress, ip.address());
                    case PresentedIdentifier.SrvId srv ->
                        new GeneralName(GeneralName.otherName, new OtherName(SRV_NAME, new DERIA5String(srv.name())));
                    case PresentedIdentifier.UriId uri ->
                        new GeneralName(GeneralName.uniformResourceIdentifier, uri.uri());
                })
                .toArray(GeneralName[]::new));
    }

    /// RFC 9525 §6.3: labels compare without case; `*` stands for exactly one whole left-most label.
    public boolean coversDnsName(String name) {
        String reference = DomainNames.lower(name);
        return all.stream()
                .anyMatch(identifier -> identifier instanceof PresentedIdentifier.DnsId dns
                        && switch (NameMatcher.compareNames(dns.pattern(), reference)) {
                            case DNS_ID_EQUAL, DNS_ID_WILDCARD -> true;
                            default -> false;
                        });
    }

    public boolean coversService(String service, String domain) {
        return all.contains(new PresentedIdentifier.SrvId(DomainNames.lower(service), DomainNames.lower(domain)));
    }
}
