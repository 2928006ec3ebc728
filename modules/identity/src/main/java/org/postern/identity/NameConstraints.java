package org.postern.identity;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1TaggedObject;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.NameConstraintValidatorException;
import org.bouncycastle.asn1.x509.PKIXNameConstraintValidator;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;

/// The name constraints of the authorities above a certificate, gathered from the anchor downwards (RFC 5280
/// §6.1.4 (g)). BouncyCastle keeps the common forms; those on SRV-IDs are kept here (RFC 4985 §4).
final class NameConstraints {
    private final PKIXNameConstraintValidator common = new PKIXNameConstraintValidator();
    /// One list for each authority that permits something: a name must be inside one of every list.
    private final List<List<String>> permittedServices = new ArrayList<>();

    private final List<String> excludedServices = new ArrayList<>();

    /// Adds those that an authority puts on what is below it.
    Optional<PathResult.Fault> add(X509Certificate authority) {
        byte[] extension = authority.getExtensionValue(Extension.nameConstraints.getId());
        if (extension == null) {
            return Optional.empty();
        }
        try {
            var constraints = org.bouncycastle.asn1.x509.NameConstraints.getInstance(
                    JcaX509ExtensionUtils.parseExtensionValue(extension));
            Split permitted = Split.of(constraints.getPermittedSubtrees());
            Split excluded = Split.of(constraints.getExcludedSubtrees());
            if (permitted.unknown || excluded.unknown) {
                // whoever may not be named cannot be told any more
                return fault(Rule.NAME_CONSTRAINT_UNKNOWN, authority, "");
            }
            if (!permitted.common.isEmpty()) {
                common.intersectPermittedSubtree(permitted.common.toArray(GeneralSubtree[]::new));
            }
            if (!permitted.services.isEmpty()) {
                permittedServices.add(permitted.services);
            }
            excluded.common.forEach(common::addExcludedSubtree);
            excludedServices.addAll(excluded.services);
            return Optional.empty();
        } catch (IOException | RuntimeException e) {
            return fault(Rule.MALFORMED, authority, "nameConstraints");
        }
    }

    private record Split(List<GeneralSubtree> common, List<String> services, boolean unknown) {
        static Split of(GeneralSubtree[] subtrees) {
            List<GeneralSubtree> common = new ArrayList<>();
            List<String> services = new ArrayList<>();
            boolean unknown = false;
            for (GeneralSubtree subtree : subtrees == null ? new GeneralSubtree[0] : subtrees) {
                switch (subtree.getBase().getTagNo()) {
                    case GeneralName.dNSName,
                            GeneralName.directoryName,
                            GeneralName.iPAddress,
                            GeneralName.rfc822Name,
                            GeneralName.uniformResourceIdentifier -> common.add(subtree);
                    case GeneralName.otherName -> {
                        Optional<String> service = serviceName(subtree.getBase());
                        service.ifPresent(services::add);
                        unknown |= service.isEmpty();
                    }
                    default -> unknown = true;
                }
            }
            return new Split(common, services, unknown);
        }
    }

    private static Optional<String> serviceName(GeneralName name) {
        ASN1Sequence otherName = ASN1Sequence.getInstance(name.getName());
        if (!PresentedIdentifiers.SRV_NAME.equals(otherName.getObjectAt(0))) {
            return Optional.empty();
        }
        return Optional.of(DomainNames.lower(ASN1IA5String.getInstance(
                        ASN1TaggedObject.getInstance(otherName.getObjectAt(1)).getExplicitBaseObject())
                .getString()));
    }

    /// RFC 5280 §6.1.3 (b)(c): whether the authorities above may name this subject.
    Optional<PathResult.Fault> faultOf(X509Certificate certificate) {
        GeneralName current = null;
        try {
            X500Name subject =
                    X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
            if (subject.getRDNs().length > 0) {
                current = new GeneralName(subject);
                common.checkPermittedDN(subject);
                common.checkExcludedDN(subject);
            }
            byte[] extension = certificate.getExtensionValue(Extension.subjectAlternativeName.getId());
            if (extension == null) {
                return Optional.empty();
            }
            for (GeneralName name : GeneralNames.getInstance(JcaX509ExtensionUtils.parseExtensionValue(extension))
                    .getNames()) {
                current = name;
                if (name.getTagNo() == GeneralName.otherName) {
                    Optional<String> service = serviceName(name);
                    if (service.isPresent() && !permits(service.get())) {
                        return fault(Rule.SRV_NAME_CONSTRAINT, certificate, service.get());
                    }
                } else {
                    common.checkPermitted(name);
                    common.checkExcluded(name);
                }
            }
            return Optional.empty();
        } catch (NameConstraintValidatorException e) {
            return fault(Rule.NAME_CONSTRAINT, certificate, String.valueOf(current));
        } catch (IOException | RuntimeException e) {
            return fault(Rule.MALFORMED, certificate, "subjectAltName");
        }
    }

    private boolean permits(String service) {
        return excludedServices.stream().noneMatch(constraint -> within(service, constraint))
                && permittedServices.stream()
                        .allMatch(list -> list.stream().anyMatch(constraint -> within(service, constraint)));
    }

    /// RFC 4985 §4: a constraint is `_service.domain`, `_service` alone (every domain), or a domain alone (every
    /// service); a name is inside if all that the constraint has fits, where a domain covers the domains below it.
    static boolean within(String name, String constraint) {
        String nameService = name.substring(0, Math.max(0, name.indexOf('.')));
        String nameDomain = name.substring(name.indexOf('.') + 1);
        String domain = constraint;
        if (constraint.startsWith("_")) {
            int dot = constraint.indexOf('.');
            String service = dot < 0 ? constraint : constraint.substring(0, dot);
            if (!service.equals(nameService)) {
                return false;
            }
            domain = dot < 0 ? "" : constraint.substring(dot + 1);
        }
        String bare = domain.startsWith(".") ? domain.substring(1) : domain;
        return bare.isEmpty()
                || nameDomain.endsWith("." + bare)
                || (nameDomain.equals(bare) && !domain.startsWith("."));
    }

    private static Optional<PathResult.Fault> fault(Rule rule, X509Certificate certificate, String detail) {
        return Optional.of(new PathResult.Fault(rule, CertificationPaths.name(certificate), detail));
    }
}
