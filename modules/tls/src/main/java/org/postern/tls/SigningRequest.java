package org.postern.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.KeyPair;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// What an authority is asked for (PKCS #10, RFC 2986): the names of a mail server as RFC 7817 §5 wants them.
public final class SigningRequest {
    private final PKCS10CertificationRequest request;

    private SigningRequest(PKCS10CertificationRequest request) {
        this.request = request;
    }

    /// With a DNS-ID for each host and mail domain, and an SRV-ID for each service of each mail domain that `names`
    /// has.
    public static SigningRequest of(KeyPair pair, CertificateNames names) {
        try {
            var extensions = new ExtensionsGenerator();
            extensions.addExtension(
                    Extension.subjectAlternativeName, false, names.identifiers().toGeneralNames());
            extensions.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            extensions.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            var signer = new JcaContentSignerBuilder(KeyKind.signature(pair.getPrivate())).build(pair.getPrivate());
            return new SigningRequest(new JcaPKCS10CertificationRequestBuilder(subject(names), pair.getPublic())
                    .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
                    .build(signer));
        } catch (IOException e) {
            throw new UncheckedIOException("a request cannot be built", e);
        } catch (OperatorCreationException e) {
            throw new IllegalStateException("a request cannot be signed", e);
        }
    }

    /// RFC 7817 §5.3: the common name is one host, for clients that look at nothing else.
    static X500Name subject(CertificateNames names) {
        X500NameBuilder subject = new X500NameBuilder(BCStyle.INSTANCE);
        names.dnsNames().stream()
                .findFirst()
                .filter(name -> name.length() <= CertificateAuthority.COMMON_NAME_LENGTH)
                .ifPresent(name -> subject.addRDN(BCStyle.CN, name));
        return subject.build();
    }

    /// As authorities take it.
    public String pem() {
        return PemFiles.text(request);
    }

    /// In DER, as ACME takes it.
    public byte[] encoded() {
        try {
            return request.getEncoded();
        } catch (IOException e) {
            throw new UncheckedIOException("a request cannot be encoded", e);
        }
    }
}
