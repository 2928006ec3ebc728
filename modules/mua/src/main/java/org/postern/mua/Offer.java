package org.postern.mua;

import org.postern.resolver.DomainName;

/// What SRV records offer: a server, or a host of somebody else that the user has to confirm before any connection
/// (RFC 8314 §5.1, RFC 6186 §6).
public sealed interface Offer {
    Service service();

    /// The target is validated, or lies within the mail domain.
    record Ready(Server server) implements Offer {
        @Override
        public Service service() {
            return server.service();
        }

        /// The user says that an unsigned target is right, so that its own name counts too.
        public Server confirmedByUser() {
            return server.origin() == Server.Origin.INSECURE_SRV ? server.confirmed() : server;
        }
    }

    /// The target is outside of the mail domain, and nobody vouches for the record.
    final class Unconfirmed implements Offer {
        private final Server server;

        Unconfirmed(Server server) {
            this.server = server;
        }

        @Override
        public Service service() {
            return server.service();
        }

        /// To be shown to the user.
        public String host() {
            return server.host();
        }

        public int port() {
            return server.port();
        }

        public DomainName mailDomain() {
            DomainName domain = server.mailDomain();
            if (domain == null) {
                throw new IllegalStateException("made of an SRV record");
            }
            return domain;
        }

        /// The user was asked whether this host is the right one for this domain, and said so. Only in setup.
        public Server confirmedByUser() {
            return server.confirmed();
        }

        @Override
        public String toString() {
            return "unconfirmed " + server;
        }
    }
}
