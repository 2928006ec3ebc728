package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes IMAP data as it goes over the wire. Strings come with one char per octet.
final class WireWriter {
    /// No header value that is shown to a client is longer; the rest of it is in the message.
    private static final int STRING_LIMIT = 32 * 1024;

    private final ByteArrayOutputStream octets = new ByteArrayOutputStream(256);

    int size() {
        return octets.size();
    }

    byte[] toByteArray() {
        return octets.toByteArray();
    }

    WireWriter raw(String ascii) {
        octets.writeBytes(ascii.getBytes(ISO_8859_1));
        return this;
    }

    WireWriter raw(byte[] ready) {
        octets.writeBytes(ready);
        return this;
    }

    WireWriter space() {
        octets.write(' ');
        return this;
    }

    WireWriter number(long number) {
        return raw(Long.toString(number));
    }

    /// RFC 3501 §9: nstring = string / nil
    WireWriter nstring(@Nullable String value) {
        return value == null ? raw("NIL") : string(value);
    }

    /// RFC 3501 §9: string = quoted / literal. A literal where a quoted string cannot be: 8-bit octets, CR, LF.
    /// NUL may appear in neither (RFC 3501 §4.3.1): it is left out.
    WireWriter string(String value) {
        String text = value.replace("\0", "");
        if (text.length() > STRING_LIMIT) {
            text = text.substring(0, STRING_LIMIT);
        }
        if (!isQuotable(text)) {
            return raw("{" + text.length() + "}\r\n").raw(text);
        }
        octets.write('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                octets.write('\\');
            }
            octets.write(c);
        }
        octets.write('"');
        return this;
    }

    /// RFC 3501 §9: body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
    WireWriter parameters(List<Parameters.Parameter> parameters) {
        if (parameters.isEmpty()) {
            return raw("NIL");
        }
        String separator = "(";
        for (Parameters.Parameter parameter : parameters) {
            raw(separator).string(parameter.name()).space().string(parameter.value());
            separator = " ";
        }
        return raw(")");
    }

    private static boolean isQuotable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80 || c == '\r' || c == '\n') {
                return false;
            }
        }
        return true;
    }
}
