package org.postern.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.postern.auth.ScramHash;
import org.postern.dns.Rollovers;
import org.postern.nameserver.NameServer;
import org.postern.session.Listeners;
import org.postern.store.AccountException;
import org.postern.store.PosternStore;
import org.postern.store.StoreFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What an operator does to a running server. Every change, and every attempt, is written to the log
/// `org.postern.audit`: what, by whom, and what came of it.
final class Management implements ControlSocket.Handler {
    private static final Logger AUDIT = LoggerFactory.getLogger("org.postern.audit");
    private static final byte[] NO_SECRET = {};

    private final DomainManagement domains;
    private final AccountManagement accounts;
    private final QuotaManagement quotas;
    private final AppPasswordManagement appPasswords;
    private final ClientKeyManagement clientKeys;
    private final AliasManagement aliases;
    private final StoreManagement stores;
    private final SessionManagement sessions;
    private final CertificateManagement certificateFacts;
    private final ServerManagement server;
    private final MailManagement mail;
    private final DnsManagement records;
    private final NameServerManagement zones;
    private final RolloverManagement rollover;
    private final Supplier<Answer.Reloaded> reload;

    /// @param scramKept for which accounts get SCRAM verifiers beside SHA-256
    /// @param reload reads the configuration again
    Management(
            PosternStore store,
            Set<ScramHash> scramKept,
            CertificateKeeper certificates,
            DnsKeeper dns,
            DnsPublishers publishers,
            Optional<NameServer> nameServer,
            Rollovers rollovers,
            Listeners listeners,
            RetiringListeners retiring,
            Path dataDirectory,
            KeyFiles keys,
            Supplier<Answer.Reloaded> reload) {
        this.reload = reload;
        domains = new DomainManagement(store, certificates, dns);
        accounts = new AccountManagement(store, scramKept, listeners);
        quotas = new QuotaManagement(store.accounts());
        appPasswords = new AppPasswordManagement(store.accounts());
        clientKeys = new ClientKeyManagement(store.accounts());
        aliases = new AliasManagement(store.accounts());
        stores = new StoreManagement(store, keys);
        sessions = new SessionManagement(listeners);
        certificateFacts = new CertificateManagement(certificates, store.accounts());
        server = new ServerManagement(store, certificates, listeners, retiring, dataDirectory);
        mail = new MailManagement(store);
        records = new DnsManagement(dns, publishers, certificates, store.accounts());
        zones = new NameServerManagement(nameServer);
        rollover = new RolloverManagement(rollovers, certificates);
    }

    @Override
    public Answer execute(Request request, byte[] secret, String by, Progress progress) {
        String outcome = "FAILED";
        try {
            Answer answer = dispatch(request, secret, progress);
            outcome = "done";
            return answer;
        } catch (AccountException | StoreFailure refused) {
            outcome = "refused: " + refused.getMessage();
            throw new RequestRefused(String.valueOf(refused.getMessage()));
        } catch (RequestRefused refused) {
            outcome = "refused: " + refused.getMessage();
            throw refused;
        } finally {
            Arrays.fill(secret, (byte) 0);
            if (request.changes()) {
                audit(request, by, outcome);
            }
        }
    }

    /// As JSON: what an operator typed cannot end the line.
    private static void audit(Request request, String by, String outcome) {
        AUDIT.info(
                "{} {} by {}: {}",
                RequestNames.of(request),
                Json.MAPPER.writeValueAsString(request),
                by,
                outcome.replaceAll("\\R", "; "));
    }

    @Override
    public ControlSocket.Conversation converse(Request request, String by) {
        try {
            MailManagement.Conversation conversation = mail.converse(request);
            return (in, out, stopping) -> {
                String outcome = "FAILED";
                try {
                    outcome = conversation.run(in, out, stopping);
                } catch (IOException gone) {
                    outcome = "ended by the other side; what was confirmed is there";
                    throw gone;
                } finally {
                    audit(request, by, outcome);
                }
            };
        } catch (AccountException | RequestRefused refused) {
            audit(request, by, "refused: " + refused.getMessage());
            throw new RequestRefused(String.valueOf(refused.getMessage()));
        }
    }

    Answer execute(Request request, String by) {
        return execute(request, NO_SECRET.clone(), by, Progress.NONE);
    }

    @Override
    public void refuseStranger(String name) {
        AUDIT.warn("refused a command by user {}: neither the server's own user nor root", name);
    }

    private Answer dispatch(Request request, byte[] secret, Progress progress) {
        return switch (request) {
            case Request.Domain domain -> domains.execute(domain);
            case Request.Account account -> accounts.execute(account, secret);
            case Request.Quota quota -> quotas.execute(quota);
            case Request.AppPassword appPassword -> appPasswords.execute(appPassword);
            case Request.ClientKey clientKey -> clientKeys.execute(clientKey);
            case Request.Alias alias -> aliases.execute(alias);
            case Request.Store store -> stores.execute(store, progress);
            case Request.Backup backup -> stores.execute(backup, progress);
            case Request.Session session -> sessions.execute(session);
            case Request.Certificate certificate -> certificateFacts.execute(certificate, secret);
            case Request.Mail each -> mail.execute(each);
            case Request.Dns each -> records.execute(each);
            case Request.Zone each -> zones.execute(each);
            case Request.Rollover each -> rollover.execute(each);
            case Request.Status _ -> server.status();
            case Request.Reload _ -> reload.get();
        };
    }
}
