package org.postern.tls;

import java.nio.file.Path;

/// Where a certificate chain and its key stand; the two may be one file.
public record PemPair(Path chain, Path key) {
    /// Reads and checks both.
    ///
    /// @throws TlsConfigurationException naming what is wrong
    public ServedCertificate load() {
        return PemFiles.load(chain, key);
    }
}
