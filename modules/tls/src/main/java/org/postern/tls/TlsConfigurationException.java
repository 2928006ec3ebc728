package org.postern.tls;

/// Certificates or keys that cannot be served as they are. The message names the file and the remedy, never a secret.
public final class TlsConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TlsConfigurationException(String message) {
        super(message);
    }

    public TlsConfigurationException(String message, Throwable cause) {
        super(message, cause);
    }
}
