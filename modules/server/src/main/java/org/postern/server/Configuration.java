package org.postern.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.postern.acme.AcmeSettings;
import org.postern.auth.SaslSettings;
import org.postern.imap.ImapSettings;
import org.postern.inbound.LmtpSettings;
import org.postern.nameserver.NameServerSettings;
import org.postern.pop3.Pop3Settings;
import org.postern.session.ConnectionLimits;
import org.postern.session.Endpoint;
import org.postern.session.ListenerSettings.Security;
import org.postern.session.Network;
import org.postern.session.SessionLimits;
import org.postern.store.StoreSettings;
import org.postern.submission.SubmissionSettings;
import org.postern.tls.ClientAuthority;
import org.postern.tls.PemPair;
import org.postern.tls.TlsSettings;
import org.postern.tls.UnknownServerName;

/// Everything an operator decides. Read from `conf/postern.conf` by [ConfigurationReader], or made by
/// [Quickstart].
///
/// @param host the server's own name, an A-label: in greetings, Received, and its certificate
/// @param proxies that say for clients, by the PROXY protocol, who they are
/// @param tls whose TLS is spoken, and what clients of retired versions hear
/// @param unknownSni what is served to who asks for a name that no certificate has
/// @param clientAuthorities whose certificates log clients in
/// @param sasl which SCRAM mechanisms are offered
/// @param longestLoginDelay how long a login waits at most after many failures
/// @param metrics where metrics and health are told by HTTP; empty for nowhere
/// @param nameServer empty for none
record Configuration(
        String host,
        Path dataDirectory,
        List<Listener> listeners,
        List<Network> proxies,
        TlsSettings tls,
        Certificates certificates,
        UnknownServerName unknownSni,
        List<ClientAuthority.Settings> clientAuthorities,
        SaslSettings sasl,
        StoreSettings store,
        ConnectionLimits connections,
        SessionLimits sessions,
        Duration longestLoginDelay,
        ImapSettings imap,
        Pop3Settings pop3,
        SubmissionSettings submission,
        LmtpSettings lmtp,
        Optional<InetSocketAddress> metrics,
        DnsSettings dns,
        Optional<NameServer> nameServer,
        String logLevel) {

    /// With those parts of another that a running server cannot change.
    Configuration withFixedPartsOf(Configuration running) {
        return new Configuration(
                host,
                running.dataDirectory,
                listeners,
                proxies,
                running.tls,
                certificates,
                unknownSni,
                clientAuthorities,
                running.sasl,
                running.store,
                connections,
                sessions,
                running.longestLoginDelay,
                imap,
                pop3,
                submission,
                lmtp,
                running.metrics,
                dns,
                nameServer
                        .flatMap(next -> running.nameServer.map(present -> next.listeningAs(present)))
                        .or(() -> running.nameServer),
                logLevel);
    }

    /// Postern's own name server.
    ///
    /// @param files that the settings were read from beside the configuration: TSIG keys, records of others
    record NameServer(NameServerSettings settings, List<Path> files) {
        NameServer listeningAs(NameServer running) {
            return new NameServer(running.settings.with(settings), files);
        }
    }

    /// What listens where. A service is named as in RFC 6335 and in SRV records.
    record Listener(Service service, Endpoint endpoint) {
        /// A port for everybody.
        Listener(Service service, InetAddress address, int port, boolean mayBeMissing) {
            this(service, new Endpoint.Port(new InetSocketAddress(address, port), Network.EVERYWHERE, mayBeMissing));
        }
    }

    enum Service {
        IMAPS(Kind.IMAP, Security.IMPLICIT_TLS, 993),
        IMAP(Kind.IMAP, Security.STARTTLS, 143),
        POP3S(Kind.POP3, Security.IMPLICIT_TLS, 995),
        POP3(Kind.POP3, Security.STARTTLS, 110),
        SUBMISSIONS(Kind.SUBMISSION, Security.IMPLICIT_TLS, 465),
        SUBMISSION(Kind.SUBMISSION, Security.STARTTLS, 587),
        /// For a mail server in front, not for clients: TLS is its choice.
        LMTP(Kind.LMTP, Security.STARTTLS, 24);

        enum Kind {
            IMAP,
            POP3,
            SUBMISSION,
            LMTP
        }

        final Kind kind;
        final Security security;
        /// The registered port.
        final int port;

        Service(Kind kind, Security security, int port) {
            this.kind = kind;
            this.security = security;
            this.port = port;
        }

        /// True if mail clients use it: they find it by SRV records, and its certificate has an SRV-ID
        /// for it.
        boolean forClients() {
            return kind != Kind.LMTP;
        }

        /// As it stands in configuration, SRV records and SRV-IDs: `imaps`.
        String serviceName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// Where certificates come from.
    sealed interface Certificates {
        /// Issued by Postern's own authority in the data directory.
        ///
        /// @param hosts further names of the server beside its host name
        /// @param addresses by which clients connect without a name
        record OwnAuthority(List<String> hosts, List<String> addresses) implements Certificates {}

        /// Of a public authority, by ACME.
        ///
        /// @param hosts further names of the server beside its host name
        /// @param mailDomains whether all mail domains are named as well
        record Acme(AcmeSettings settings, List<String> hosts, boolean mailDomains) implements Certificates {}

        /// Kept by something else.
        ///
        /// @param directories searched for pairs; they may come and go
        record Files(List<Pair> pairs, List<Path> directories) implements Certificates {}

        /// A certificate chain and its key.
        ///
        /// @param origin where the configuration names it, for messages
        record Pair(PemPair files, Optional<String> origin) {}
    }
}
