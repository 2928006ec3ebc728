package org.postern.acme;

import java.io.IOException;

/// Puts records for dns-01 where the world sees them; whoever keeps the zones implements it.
public interface DnsPublisher {
    /// Publishes a TXT record, and returns when every authoritative server has it.
    ///
    /// @param name `_acme-challenge.mail.example.org`, without a dot at the end
    /// @return what takes it away again
    /// @throws IOException in the operator's words
    AutoCloseable publish(String name, String text) throws IOException;
}
