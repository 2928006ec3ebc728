package org.postern.interchange;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramVerifier;
import org.postern.store.Accounts;
import org.postern.store.Imports;
import org.postern.store.SavedAccount;
import org.postern.store.StoreOrigin;

/// What a restore says across the socket before its mailboxes: how, and whose. An account's digests are in it.
final class RestoreWire {
    private static final int MOST = 10_000;
    private static final int MOST_OCTETS = 4096;

    private RestoreWire() {}

    static void writeOptions(DataOutputStream out, Imports.RestoreOptions options) throws IOException {
        writeOctets(out, options.origin().digest());
        out.writeLong(options.time().toEpochMilli());
        out.writeBoolean(options.beside());
        out.writeBoolean(options.merge());
        out.writeBoolean(options.ignoreQuota());
        out.writeBoolean(options.trial());
    }

    static Imports.RestoreOptions readOptions(DataInputStream in) throws IOException {
        return new Imports.RestoreOptions(
                new StoreOrigin(readOctets(in)),
                Instant.ofEpochMilli(in.readLong()),
                in.readBoolean(),
                in.readBoolean(),
                in.readBoolean(),
                in.readBoolean());
    }

    static void writeAccount(DataOutputStream out, SavedAccount account) throws IOException {
        out.writeUTF(account.address());
        out.writeBoolean(account.enabled());
        out.writeUTF(account.passwordHash());
        out.writeBoolean(account.scram().isPresent());
        if (account.scram().isPresent()) {
            ScramVerifier scram = account.scram().get();
            writeOctets(out, scram.salt());
            out.writeInt(scram.iterations());
            writeOctets(out, scram.storedKey());
            writeOctets(out, scram.serverKey());
        }
        out.writeInt(account.appPasswords().size());
        for (AppPassword password : account.appPasswords()) {
            out.writeUTF(password.name());
            writeOctets(out, password.salt());
            writeOctets(out, password.digest());
            writeTexts(out, List.copyOf(new TreeSet<>(password.protocols())));
            writeOptional(
                    out,
                    password.expires()
                            .map(at -> OptionalLong.of(at.toEpochMilli()))
                            .orElse(OptionalLong.empty()));
        }
        writeOptional(out, account.quota().bytes());
        writeOptional(out, account.quota().messages());
        out.writeBoolean(account.ownQuota());
        out.writeBoolean(account.sentCopy());
        writeTexts(out, account.aliases());
        out.writeLong(account.uidValidity());
    }

    static SavedAccount readAccount(DataInputStream in) throws IOException {
        String address = in.readUTF();
        boolean enabled = in.readBoolean();
        String passwordHash = in.readUTF();
        Optional<ScramVerifier> scram = in.readBoolean()
                ? Optional.of(new ScramVerifier(readOctets(in), in.readInt(), readOctets(in), readOctets(in)))
                : Optional.empty();
        List<AppPassword> appPasswords = new ArrayList<>();
        int count = count(in);
        for (int index = 0; index < count; index++) {
            appPasswords.add(new AppPassword(
                    in.readUTF(),
                    readOctets(in),
                    readOctets(in),
                    Set.copyOf(readTexts(in)),
                    readOptional(in).stream().mapToObj(Instant::ofEpochMilli).findFirst()));
        }
        var quota = new Accounts.Quota(readOptional(in), readOptional(in));
        return new SavedAccount(
                address,
                enabled,
                passwordHash,
                scram,
                appPasswords,
                quota,
                in.readBoolean(),
                in.readBoolean(),
                readTexts(in),
                in.readLong());
    }

    static void writeTexts(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            out.writeUTF(text);
        }
    }

    static List<String> readTexts(DataInputStream in) throws IOException {
        List<String> texts = new ArrayList<>();
        int count = count(in);
        for (int index = 0; index < count; index++) {
            texts.add(in.readUTF());
        }
        return texts;
    }

    private static int count(DataInputStream in) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > MOST) {
            throw new IOException("a list of " + count);
        }
        return count;
    }

    private static void writeOptional(DataOutputStream out, OptionalLong number) throws IOException {
        out.writeBoolean(number.isPresent());
        out.writeLong(number.orElse(0));
    }

    private static OptionalLong readOptional(DataInputStream in) throws IOException {
        boolean present = in.readBoolean();
        long number = in.readLong();
        return present ? OptionalLong.of(number) : OptionalLong.empty();
    }

    private static void writeOctets(DataOutputStream out, byte[] octets) throws IOException {
        out.writeInt(octets.length);
        out.write(octets);
    }

    private static byte[] readOctets(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > MOST_OCTETS) {
            throw new IOException(length + " octets where a few are due");
        }
        byte[] octets = new byte[length];
        in.readFully(octets);
        return octets;
    }
}
