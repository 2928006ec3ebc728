package org.postern.server;

import java.util.List;
import java.util.Optional;
import org.postern.dns.Rollovers;
import org.postern.dns.TlsaData;
import org.postern.dns.TlsaParameters;
import org.postern.dns.WantedRecords;
import org.postern.resolver.DomainName;
import org.postern.tls.ServedCertificates;

/// The TLSA data of keys as the rollover has it; where nothing is rolled over, of what is served now: of each
/// certificate that a client gets who asks for the host, be it with an ECDSA or an RSA key.
record ServedTlsa(ServedCertificates served, Rollovers rollovers) implements TlsaData {
    @Override
    public Records of(DomainName host, List<TlsaParameters> forms) {
        return rollovers.published(host).orElseGet(() -> new Records(served(host, forms), Optional.empty()));
    }

    @Override
    public boolean released(DomainName host) {
        return rollovers.published(host).isPresent();
    }

    private List<String> served(DomainName host, List<TlsaParameters> forms) {
        return served.servedFor(host.text()).stream()
                .flatMap(certificate -> forms.stream().flatMap(form -> form.of(certificate.chain()).stream()))
                .map(WantedRecords::data)
                .distinct()
                .toList();
    }
}
