package org.postern.mua;

import java.net.InetSocketAddress;
import java.util.Optional;

/// What a client saw at one address of a server, without saying who it is.
///
/// @param greeting before TLS where TLS comes by a command, inside of it otherwise; empty where there was none
/// @param before capabilities before TLS; empty for implicit TLS
/// @param inside capabilities inside of TLS: the only ones that count
/// @param fault what ended the visit; empty where nothing did
public record Probe(
        Service service,
        InetSocketAddress address,
        String greeting,
        Optional<Capabilities> before,
        Optional<TlsSession> tls,
        Optional<Capabilities> inside,
        Optional<Fault> fault) {
    /// What ended a visit.
    ///
    /// @param detail what exactly; the server's words among it are not to be trusted
    public record Fault(ClientRule rule, String detail) {
        @Override
        public String toString() {
            return rule + (detail.isEmpty() ? "" : ": " + detail);
        }
    }

    /// For the outcome table. A fault before TLS means that there is none; one inside of it that the server is not
    /// ready.
    Facts.Session session() {
        if (fault.isEmpty()) {
            return Facts.Session.READY;
        }
        return switch (fault.get().rule()) {
            case UNREACHABLE, NO_ADDRESS -> Facts.Session.UNREACHABLE;
            case HANDSHAKE_FAILED,
                    VERSION_TOO_OLD,
                    WRONG_APPLICATION_PROTOCOL,
                    NO_RENEGOTIATION_INDICATION,
                    NO_EXTENDED_MASTER_SECRET,
                    RENEGOTIATION -> Facts.Session.WEAK;
            case STARTTLS_NOT_OFFERED,
                    STARTTLS_REFUSED,
                    STARTTLS_NONSENSE,
                    STARTTLS_INJECTED,
                    NO_CAPABILITIES,
                    PREAUTH_IN_CLEAR,
                    CLEAR_ON_TLS_PORT,
                    CLEAR_AFTER_STARTTLS,
                    PREAUTH,
                    GREETING_REFUSES,
                    GREETING_NONSENSE,
                    LINE_TOO_LONG,
                    DEADLINE,
                    CONNECTION_LOST,
                    BELOW_MINIMUM,
                    PIN_EXCUSES_NOT,
                    TLSA_GONE -> tls.isPresent() ? Facts.Session.REFUSED : Facts.Session.CLEAR;
        };
    }
}
