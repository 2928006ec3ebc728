package org.postern.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.postern.store.MessageSpool;
import org.postern.store.RecipientVerdict;
import org.postern.store.Store;

/// A few messages for a new quickstart account, so that a client has something to show: plain text, beyond ASCII, and
/// with an attachment.
final class SampleMail {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss xx", Locale.ROOT);

    private static final List<String> MESSAGES = List.of("""
            From: Postern <postmaster@DOMAIN>
            To: <ADDRESS>
            Subject: Welcome to Postern
            Date: DATE
            Message-ID: <welcome.NUMBER@DOMAIN>
            MIME-Version: 1.0
            Content-Type: text/plain; charset=us-ascii

            This is a real mailbox on a real server: send, read, sort and delete as you like.
            Everything stays in the data directory until you remove it.
            """, """
            From: =?utf-8?q?J=C3=BCrgen?= <postmaster@DOMAIN>
            To: <ADDRESS>
            Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=
            Date: DATE
            Message-ID: <beyond-ascii.NUMBER@DOMAIN>
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            =C3=84pfel, =C3=96l und =C3=9Cbung; =E6=97=A5=E6=9C=AC=E8=AA=9E too.
            """, """
            From: Postern <postmaster@DOMAIN>
            To: <ADDRESS>
            Subject: With an attachment
            Date: DATE
            Message-ID: <attachment.NUMBER@DOMAIN>
            MIME-Version: 1.0
            Content-Type: multipart/mixed; boundary="part"

            --part
            Content-Type: text/plain; charset=us-ascii

            The file holds one line.
            --part
            Content-Type: text/plain; charset=us-ascii; name="line.txt"
            Content-Disposition: attachment; filename="line.txt"
            Content-Transfer-Encoding: base64

            T25lIGxpbmUuDQo=
            --part--
            """);

    private SampleMail() {}

    static void deliver(Store store, String address) throws IOException {
        if (!(store.deliveries().resolve(address) instanceof RecipientVerdict.Accepted recipient)) {
            throw new IllegalStateException("a new account does not receive mail");
        }
        String domain = address.substring(address.lastIndexOf('@') + 1);
        for (String message : MESSAGES) {
            byte[] octets = message.replace("ADDRESS", address)
                    .replace("DOMAIN", domain)
                    .replace("DATE", DATE.format(OffsetDateTime.now(ZoneOffset.UTC)))
                    .replace("NUMBER", Long.toString(System.nanoTime(), 36))
                    .replace("\n", "\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
            MessageSpool spool = store.newSpool();
            spool.write(octets, 0, octets.length);
            store.deliveries().deliver(spool, "", List.of(recipient));
        }
    }
}
