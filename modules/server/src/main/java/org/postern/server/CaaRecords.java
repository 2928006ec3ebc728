package org.postern.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;

/// CAA records (RFC 8659) of the names that certificates are ordered for: no other authority, no other account and no
/// other kind of proof gets a certificate for them (RFC 8657).
final class CaaRecords {
    private CaaRecords() {}

    static List<RecordSet> of(CertificateKeeper.Ordering ordering, Duration timeToLive) {
        List<String> data = new ArrayList<>();
        for (String identity : ordering.account().identities()) {
            // RFC 8657 §3, §4
            data.add("0 issue \"" + identity + "; accounturi="
                    + ordering.account().location() + "; validationmethods="
                    + ordering.challenge().type() + "\"");
        }
        if (data.isEmpty()) {
            return List.of(); // RFC 8555 §9.7.6: an authority need not say how it is called
        }
        data.add("0 issuewild \";\""); // none is ordered
        return ordering.names().stream()
                .map(name -> new RecordSet(new DomainName(name), RecordType.CAA, timeToLive, data))
                .toList();
    }
}
