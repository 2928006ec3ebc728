package org.postern.message;

import java.io.ByteArrayOutputStream;
import java.util.Random;

/// Random octets that look enough like mail to reach every corner of the scanner: pieces of headers, boundaries and
/// text, put together without any plan.
final class RandomMail {
    private static final String[] PIECES = {
        "\r\n",
        "\n",
        "\r\n\r\n",
        "\n\n",
        "\r",
        "\0",
        " ",
        "\t",
        "--",
        "--a",
        "--a--",
        "--ab",
        "--ab--",
        "--abc\r\n",
        "--a\r\n",
        "--a\n",
        "--ab\r\n\r\n",
        "--a--\r\n",
        "--ab--\r\n",
        "text",
        "Subject: x\r\n",
        "From: a@b\r\n",
        "To: \"q",
        "To: g: a@b, <c@d;\r\n",
        "Date: 1 Jan 2020 00:00 +0000\r\n",
        "From mbox line\r\n",
        ": x\r\n",
        "Content-Type: multipart/mixed; boundary=a\r\n",
        "Content-Type: multipart/digest; boundary=\"ab\"\r\n",
        "Content-Type: multipart/alternative;\r\n boundary=abc\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: multipart/mixed\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Content-Type: ;;;=\"\r\n",
        "Content-Type: multipart/x; boundary*0=a; boundary*1=b\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: attachment; filename*0*=''%\r\n",
        "Content-Language: en,,de\r\n",
        "Content-ID: \"\\\r\n",
        "=?utf-8?Q?=C3=BC?=",
        "=C3=BC",
        "w7w=",
        "\u00fc\u00e9",
    };

    private RandomMail() {}

    static byte[] of(long seed) {
        Random random = new Random(seed);
        ByteArrayOutputStream mail = new ByteArrayOutputStream();
        int pieces = random.nextInt(80);
        for (int i = 0; i < pieces; i++) {
            if (random.nextInt(20) == 0) {
                mail.write(random.nextInt(256));
            } else {
                mail.writeBytes(
                        PIECES[random.nextInt(PIECES.length)].getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            }
        }
        return mail.toByteArray();
    }
}
