package org.postern.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.junit.jupiter.api.Test;
import org.postern.identity.PathPolicy.Revocation;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestPki;
import org.postern.testkit.TestPki.Issued;

/// What OpenSSL and GnuTLS cannot be asked about: constraints on SRV-IDs, revocation by what is handed in, the
/// evidence of TLSA records, and bounds.
class ServerAuthenticationTest {
    private static final String HOST = "mail.example.org";
    private static final ReferenceIdentifiers REFERENCES = ReferenceIdentifiers.forHost(HOST);

    private final Issued root = TestPki.authority("Root").selfSigned();
    private final Issued middle = TestPki.authority("Middle").by(root);
    private final Issued server = TestPki.server(HOST, TestPki.dns(HOST)).by(middle);
    private final List<X509Certificate> presented = List.of(server.certificate(), middle.certificate());
    private final PathPolicy policy = PathPolicy.at(TestPki.NOW, TrustAnchors.of(root.certificate()));

    @Test
    @Requirement("R7817-1")
    void noNameIsLookedAtWithoutAValidPath() {
        PkixResult result = ServerAuthentication.pkix(
                presented, ReferenceIdentifiers.forHost("other.example.org"), policy.withAnchors(TrustAnchors.of()));
        assertThat(result).isInstanceOf(PkixResult.InvalidPath.class);
        assertThat(result.rule()).isEqualTo(Rule.NO_PATH);
        assertThat(((PkixResult.InvalidPath) result).path().fault())
                .hasToString(
                        "CN=mail.example.org: no path leads to a trust anchor (RFC 5280 §6.1): the certificate of the "
                                + "issuer is missing: CN=Root");
    }

    @Test
    void theEvidenceIsPathAndNames() {
        PkixResult.Authenticated result =
                (PkixResult.Authenticated) ServerAuthentication.pkix(presented, REFERENCES, policy);
        assertThat(result.path().path())
                .containsExactly(server.certificate(), middle.certificate(), root.certificate());
        assertThat(result.name().presented()).isEqualTo(new PresentedIdentifier.DnsId(HOST));
        assertThat(result.rule()).hasToString("all labels are equal, without regard to case (RFC 9525 §6.3)");
    }

    @Test
    void constraintsOnServiceNamesBind() { // RFC 4985 §4
        Issued limited = TestPki.authority("Limited")
                .extension(
                        Extension.nameConstraints,
                        true,
                        TestPki.permitted(TestPki.srv("example.org"), TestPki.dns("example.org")))
                .by(root);
        for (String domain : List.of("example.org", "example.net")) {
            Issued leaf =
                    TestPki.server("Mail", TestPki.srv("_imaps." + domain)).by(limited);
            PkixResult result = ServerAuthentication.pkix(
                    List.of(leaf.certificate(), limited.certificate()),
                    ReferenceIdentifiers.forService("imaps", domain),
                    policy);
            assertThat(result.rule())
                    .isEqualTo(domain.equals("example.org") ? Rule.SRV_ID_EQUAL : Rule.SRV_NAME_CONSTRAINT);
        }
    }

    @Test
    void aMeshOfCertificatesIsNotSearchedForEver() {
        java.util.ArrayList<X509Certificate> mesh = new java.util.ArrayList<>(List.of(server.certificate()));
        for (int index = 0; index < 40; index++) {
            mesh.add(
                    TestPki.authority("Middle").keys(middle.keys()).selfSigned().certificate());
        }
        assertThat(ServerAuthentication.pkix(
                                mesh,
                                REFERENCES,
                                policy.withAnchors(TrustAnchors.of(
                                        TestPki.authority("Middle").selfSigned().certificate())))
                        .authenticated())
                .isFalse();
    }

    private byte[] ocsp(Issued subject, Issued issuer, Issued signer, CertificateStatus status, Duration age)
            throws Exception {
        CertificateID id = new CertificateID(
                new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
                new JcaX509CertificateHolder(issuer.certificate()),
                subject.certificate().getSerialNumber());
        BasicOCSPRespBuilder builder =
                new BasicOCSPRespBuilder(new RespID(new JcaX509CertificateHolder(signer.certificate()).getSubject()));
        builder.addResponse(
                id,
                status,
                Date.from(TestPki.NOW.minus(age)),
                Date.from(TestPki.NOW.minus(age).plus(Duration.ofDays(2))));
        return new OCSPRespBuilder()
                .build(
                        OCSPRespBuilder.SUCCESSFUL,
                        builder.build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(signer.keys().getPrivate()),
                                new org.bouncycastle.cert.X509CertificateHolder[] {
                                    new JcaX509CertificateHolder(signer.certificate())
                                },
                                Date.from(TestPki.NOW)))
                .getEncoded();
    }

    private PathResult withResponse(Revocation required, byte[] response) {
        return ServerAuthentication.path(presented, policy.withRevocation(required, List.of(response), List.of()));
    }

    @Test
    void aStapledResponseDecides() throws Exception { // L5
        RevokedStatus revoked = new RevokedStatus(Date.from(TestPki.NOW), CRLReason.keyCompromise);
        Duration fresh = Duration.ofHours(1);
        assertThat(withResponse(Revocation.WHERE_PRESENTED, ocsp(server, middle, middle, revoked, fresh))
                        .rule())
                .isEqualTo(Rule.REVOKED);
        assertThat(withResponse(
                                Revocation.REQUIRED_FOR_SERVER,
                                ocsp(server, middle, middle, CertificateStatus.GOOD, fresh))
                        .rule())
                .isEqualTo(Rule.PATH_VALID);
        assertThat(withResponse(Revocation.REQUIRED, ocsp(server, middle, middle, CertificateStatus.GOOD, fresh))
                        .rule())
                .as("nothing is known of the authority")
                .isEqualTo(Rule.REVOCATION_UNKNOWN);
        byte[] stale = ocsp(server, middle, middle, CertificateStatus.GOOD, Duration.ofDays(3));
        byte[] foreign = ocsp(server, middle, root, CertificateStatus.GOOD, fresh);
        byte[] other = ocsp(middle, root, root, CertificateStatus.GOOD, fresh);
        for (byte[] useless : List.of(stale, foreign, other, new byte[] {1, 2, 3}, new byte[0])) {
            assertThat(withResponse(Revocation.REQUIRED_FOR_SERVER, useless).rule())
                    .isEqualTo(Rule.REVOCATION_UNKNOWN);
            assertThat(withResponse(Revocation.WHERE_PRESENTED, useless).rule()).isEqualTo(Rule.PATH_VALID);
        }
        Issued responder = TestPki.server("Responder")
                .extension(
                        Extension.extendedKeyUsage,
                        false,
                        new org.bouncycastle.asn1.x509.ExtendedKeyUsage(
                                org.bouncycastle.asn1.x509.KeyPurposeId.id_kp_OCSPSigning))
                .by(middle);
        Issued impostor = TestPki.server("Impostor").by(middle);
        assertThat(withResponse(
                                Revocation.REQUIRED_FOR_SERVER,
                                ocsp(server, middle, responder, CertificateStatus.GOOD, fresh))
                        .rule())
                .isEqualTo(Rule.PATH_VALID);
        assertThat(withResponse(
                                Revocation.REQUIRED_FOR_SERVER,
                                ocsp(server, middle, impostor, CertificateStatus.GOOD, fresh))
                        .rule())
                .isEqualTo(Rule.REVOCATION_UNKNOWN);
    }

    private byte[] list(Issued issuer, Issued signer, BigInteger... revoked) throws Exception {
        X509v2CRLBuilder builder = new X509v2CRLBuilder(
                new JcaX509CertificateHolder(issuer.certificate()).getSubject(),
                Date.from(TestPki.NOW.minus(Duration.ofHours(1))));
        builder.setNextUpdate(Date.from(TestPki.NOW.plus(Duration.ofDays(1))));
        for (BigInteger serial : revoked) {
            builder.addCRLEntry(serial, Date.from(TestPki.NOW.minus(Duration.ofHours(2))), CRLReason.superseded);
        }
        return builder.build(new JcaContentSignerBuilder("SHA256withECDSA")
                        .build(signer.keys().getPrivate()))
                .getEncoded();
    }

    @Test
    void aListDecides() throws Exception {
        List<byte[]> good = List.of(list(root, root), list(middle, middle, BigInteger.ONE));
        assertThat(ServerAuthentication.path(presented, policy.withRevocation(Revocation.REQUIRED, List.of(), good))
                        .rule())
                .isEqualTo(Rule.PATH_VALID);
        List<byte[]> bad = List.of(list(root, root, middle.certificate().getSerialNumber()));
        assertThat(ServerAuthentication.path(
                                presented, policy.withRevocation(Revocation.WHERE_PRESENTED, List.of(), bad))
                        .rule())
                .isEqualTo(Rule.REVOKED);
        List<byte[]> forged = List.of(list(middle, root, server.certificate().getSerialNumber()));
        assertThat(ServerAuthentication.path(
                                presented, policy.withRevocation(Revocation.WHERE_PRESENTED, List.of(), forged))
                        .rule())
                .as("not signed by the issuer: says nothing")
                .isEqualTo(Rule.PATH_VALID);
    }

    private DaneResult dane(String host, TlsaRecord... records) {
        return ServerAuthentication.dane(
                presented, List.of(records), ReferenceIdentifiers.forHost(host), policy.withAnchors(TrustAnchors.of()));
    }

    @Test
    @Requirement({"DANE-5", "DANE-6"})
    void usageThreeAsksForNoNameAndUsageTwoDoes() {
        assertThat(dane("other.example", TlsaRecord.of(3, 1, 1, server.certificate()))
                        .rule())
                .isEqualTo(Rule.DANE_EE);
        assertThat(dane("other.example", TlsaRecord.of(2, 0, 1, middle.certificate()))
                        .rule())
                .isEqualTo(Rule.TLSA_NAME);
        DaneResult accepted = dane(HOST, TlsaRecord.of(2, 0, 1, middle.certificate()));
        assertThat(accepted.rule()).isEqualTo(Rule.DANE_TA);
        assertThat(((DaneResult.Authenticated) accepted).decisive().certificate())
                .isEqualTo(1);
        assertThat(dane(HOST, TlsaRecord.of(2, 0, 1, root.certificate())).rule())
                .as("L55: the anchor is not in the handshake")
                .isEqualTo(Rule.TLSA_NO_MATCH);
        assertThat(dane(HOST, TlsaRecord.of(2, 1, 0, root.certificate())).rule())
                .as("a full key needs no certificate in the handshake")
                .isEqualTo(Rule.DANE_TA);
    }

    @Test
    @Requirement("DANE-19")
    void aStrongerDigestSilencesTheWeakerOne() {
        TlsaRecord right = TlsaRecord.of(3, 1, 1, server.certificate());
        TlsaRecord wrong = TlsaRecord.of(3, 1, 2, middle.certificate());
        DaneResult refused = dane(HOST, right, wrong);
        assertThat(refused).isInstanceOf(DaneResult.Refused.class);
        assertThat(refused.verdicts())
                .extracting(DaneResult.RecordVerdict::rule)
                .containsExactly(Rule.TLSA_WEAKER_DIGEST, Rule.TLSA_NO_MATCH);
        TlsaRecord unusable = new TlsaRecord(3, 1, 2, new byte[3]);
        assertThat(dane(HOST, right, unusable).rule())
                .as("an unusable one silences nobody")
                .isEqualTo(Rule.DANE_EE);
        assertThat(dane(HOST, right, TlsaRecord.of(3, 0, 2, middle.certificate()))
                        .rule())
                .as("another selector is another question")
                .isEqualTo(Rule.DANE_EE);
    }

    @Test
    void recordsWithoutUseAreToldFromRecordsThatDoNotMatch() {
        DaneResult result = dane(HOST, new TlsaRecord(4, 0, 1, new byte[32]), new TlsaRecord(3, 1, 9, new byte[32]));
        assertThat(result).isInstanceOf(DaneResult.NothingUsable.class);
        assertThat(result.verdicts())
                .extracting(DaneResult.RecordVerdict::rule)
                .containsExactly(Rule.TLSA_UNKNOWN_USAGE, Rule.TLSA_UNKNOWN_MATCHING_TYPE);
        assertThat(dane(HOST)).isInstanceOf(DaneResult.NothingUsable.class);
    }

    @Test
    @Requirement("DANE-7")
    void usageZeroLooksBeyondTheNearestAnchor() { // L53
        Issued otherRoot = TestPki.authority("Other Root").selfSigned();
        Issued crossed = TestPki.authority("Root").keys(root.keys()).by(otherRoot);
        DaneResult result = ServerAuthentication.dane(
                List.of(server.certificate(), middle.certificate(), crossed.certificate()),
                List.of(TlsaRecord.of(0, 0, 1, otherRoot.certificate())),
                REFERENCES,
                policy.withAnchors(TrustAnchors.of(root.certificate(), otherRoot.certificate())));
        assertThat(result.rule()).isEqualTo(Rule.PKIX_TA);
    }
}
