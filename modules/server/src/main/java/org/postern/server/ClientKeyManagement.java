package org.postern.server;

import java.time.Instant;
import java.util.HexFormat;
import org.postern.auth.AccountId;
import org.postern.store.Accounts;
import org.postern.store.ClientKey;
import org.postern.tls.Fingerprints;
import org.postern.tls.PemFiles;
import org.postern.tls.TlsConfigurationException;

/// Keys of clients' certificates, registered for accounts.
final class ClientKeyManagement {
    private final Accounts accounts;

    ClientKeyManagement(Accounts accounts) {
        this.accounts = accounts;
    }

    Answer execute(Request.ClientKey request) {
        return switch (request) {
            case Request.ClientKey.Add add -> add(add);
            case Request.ClientKey.Remove(String address, String name) -> {
                accounts.removeClientKey(account(address), name);
                yield Answer.Removed.of("client-key", name);
            }
            case Request.ClientKey.List(String address) -> list(address);
        };
    }

    private AccountId account(String address) {
        return AccountManagement.require(accounts, address).id();
    }

    private Answer add(Request.ClientKey.Add add) {
        try {
            String digest = Fingerprints.sha256(
                    PemFiles.certificate(add.certificate(), "the certificate").getPublicKey());
            accounts.addClientKey(
                    account(add.address()),
                    new ClientKey(add.name(), HexFormat.of().parseHex(digest), Instant.now()));
        } catch (TlsConfigurationException unusable) {
            throw new RequestRefused(String.valueOf(unusable.getMessage()));
        }
        return list(add.address());
    }

    private Answer list(String address) {
        return new Answer.ClientKeys(
                AccountManagement.require(accounts, address).address(),
                accounts.clientKeys(account(address)).stream()
                        .map(key -> new Answer.ClientKey(key.name(), key.sha256(), key.created()))
                        .toList());
    }
}
