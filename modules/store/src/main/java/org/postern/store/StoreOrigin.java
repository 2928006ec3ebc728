package org.postern.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;

/// By what a store, its backups and what is restored from them are known to be of one descent: only then can be told
/// what a UIDVALIDITY has meant.
///
/// It is made of a secret that every store makes at its first start and keeps; it tells nothing about it.
public record StoreOrigin(byte[] digest) {
    static StoreOrigin of(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select content from secret where name = 'decoy'");
                ResultSet row = select.executeQuery()) {
            MessageDigest digest = BackupManifest.sha256();
            digest.update("origin of a store".getBytes(US_ASCII));
            return new StoreOrigin(digest.digest(row.next() ? row.getBytes(1) : new byte[0]));
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StoreOrigin origin && Arrays.equals(digest, origin.digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest);
    }
}
