package org.postern.interchange;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.postern.store.MailboxName;
import org.postern.store.ModifiedUtf7;

/// Mailbox names as names of files: in modified UTF-7, as Dovecot has them, so that they are ASCII whatever the locale
/// is. What would lead elsewhere, or mean something to a reader of Maildirs, is changed; two mailboxes never get one
/// name.
public final class FileNames {
    private static final int LONGEST = 200; // of 255 that file systems take
    private static final Set<String> RESERVED = Set.of("cur", "new", "tmp", "dbox-Mails");

    private final Map<String, MailboxName> given = new HashMap<>();

    FileNames() {}

    /// The levels of a name, each safe as a file's name.
    static List<String> levels(MailboxName name) {
        return Stream.of(name.value().split("/", -1)).map(FileNames::level).toList();
    }

    private static String level(String level) {
        String encoded = ModifiedUtf7.encode(level);
        if (encoded.startsWith(".")) {
            encoded = "_" + encoded.substring(1);
        } else if (RESERVED.contains(encoded)) {
            encoded = "_" + encoded;
        }
        return shortened(encoded, level);
    }

    /// The whole name in one: `.Work.2026`. A level cannot hold a dot.
    static String dotted(MailboxName name) {
        StringBuilder dotted = new StringBuilder();
        for (String level : levels(name)) {
            dotted.append('.').append(level.replace('.', '_'));
        }
        return shortened(dotted.toString(), name.value());
    }

    private static String shortened(String encoded, String whole) {
        if (encoded.length() <= LONGEST) {
            return encoded;
        }
        byte[] digest = Identities.sha256().digest(whole.getBytes(UTF_8));
        String cut = encoded.substring(0, LONGEST - 20);
        int open = cut.lastIndexOf('&');
        if (open > cut.lastIndexOf('-')) { // within an encoded run
            cut = cut.substring(0, open);
        }
        return cut + "_" + HexFormat.of().formatHex(digest, 0, 8);
    }

    /// A name that no other mailbox has got. Some file systems do not tell case.
    String unique(String wanted, MailboxName owner) {
        String name = wanted;
        for (int number = 2; ; number++) {
            MailboxName other = given.putIfAbsent(name.toLowerCase(Locale.ROOT), owner);
            if (other == null || other.equals(owner)) {
                return name;
            }
            name = wanted + "_" + number;
        }
    }

    /// An address as a directory's name.
    public static String address(String address) {
        StringBuilder name = new StringBuilder();
        for (byte octet : address.getBytes(UTF_8)) {
            char character = (char) (octet & 0xff);
            boolean plain = character < 0x7f && character > 0x20 && "/%\\:*?\"<>|".indexOf(character) < 0;
            name.append(plain ? String.valueOf(character) : "%%%02X".formatted((int) character));
        }
        return name.charAt(0) == '.' ? "%2E" + name.substring(1) : name.toString();
    }
}
