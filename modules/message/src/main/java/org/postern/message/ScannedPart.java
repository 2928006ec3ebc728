package org.postern.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.postern.message.HeaderBlock.Field;

/// A part while it is being read: its place as far as known, and what its header says, already in wire form so that
/// the header itself need not be kept.
final class ScannedPart {
    private static final int TRANSFER_ENCODING_LIMIT = 64;

    final MediaType media;
    final String transferEncoding;

    /// BODY's fields before the sizes: type, subtype, parameters, id, description, encoding; of a multipart its
    /// subtype.
    final byte[] head;

    /// BODYSTRUCTURE's extension data: MD5 (of a multipart: parameters), disposition, language, location.
    final byte[] tail;

    final long headerOffset;
    final long bodyOffset;

    /// Line ends before the body.
    final long linesBeforeBody;

    long bodyEnd;
    long lines;
    final List<ScannedPart> children = new ArrayList<>();
    byte[] envelope = Envelope.EMPTY;

    ScannedPart(MediaType media, HeaderBlock header, long headerOffset, long bodyOffset, long linesBeforeBody) {
        this.media = media;
        this.headerOffset = headerOffset;
        this.bodyOffset = bodyOffset;
        this.linesBeforeBody = linesBeforeBody;
        this.bodyEnd = bodyOffset;
        this.transferEncoding = transferEncoding(header.value(Field.CONTENT_TRANSFER_ENCODING));
        this.head = head(header);
        this.tail = tail(header);
    }

    /// A part of which nothing is said: text without a header.
    static ScannedPart plain(MediaType media, long offset, long linesBefore) {
        return new ScannedPart(media, new HeaderBlock(false), offset, offset, linesBefore);
    }

    boolean isMultipart() {
        return media.type().equals("multipart");
    }

    /// RFC 6532 §3.7 allows an encoding of message/global: then its octets are no structure, and it is a leaf.
    boolean isMessage() {
        return media.isMessage() && (!media.isGlobal() || TransferEncoding.isIdentity(transferEncoding));
    }

    /// What this part adds to BODYSTRUCTURE: with separators and two numbers of ten digits.
    int wireLength() {
        return head.length + tail.length + 26;
    }

    Part toPart() {
        return new Part(
                media.type(),
                media.subtype(),
                headerOffset,
                bodyOffset - headerOffset,
                bodyOffset,
                bodyEnd - bodyOffset,
                lines,
                transferEncoding,
                media.charset(),
                children.stream().map(ScannedPart::toPart).toList());
    }

    /// body = "(" (body-type-1part / body-type-mpart) ")", as RFC 3501 §9 spells it.
    void write(WireWriter out, boolean extended) {
        out.raw("(");
        if (isMultipart()) {
            // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
            children.forEach(child -> child.write(out, extended));
            out.space().raw(head);
        } else {
            out.raw(head).space().number(bodyEnd - bodyOffset);
            if (isMessage()) {
                // body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
                ScannedPart message = children.getFirst();
                out.space().raw(message.envelope).space();
                message.write(out, extended);
                out.space().number(lines);
            } else if (media.type().equals("text")) {
                // body-type-text = media-text SP body-fields SP body-fld-lines
                out.space().number(lines);
            }
        }
        if (extended) {
            out.space().raw(tail);
        }
        out.raw(")");
    }

    private byte[] head(HeaderBlock header) {
        WireWriter out = new WireWriter();
        String subtype = media.subtype().toUpperCase(Locale.ROOT);
        if (isMultipart()) {
            return out.string(subtype).toByteArray();
        }
        out.string(media.type().toUpperCase(Locale.ROOT))
                .space()
                .string(subtype)
                .space();
        out.parameters(media.parameters().list()).space();
        out.nstring(header.value(Field.CONTENT_ID)).space();
        out.nstring(header.value(Field.CONTENT_DESCRIPTION)).space();
        return out.string(transferEncoding).toByteArray();
    }

    private byte[] tail(HeaderBlock header) {
        WireWriter out = new WireWriter();
        if (isMultipart()) {
            // body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc …]]]
            out.parameters(media.parameters().list());
        } else {
            // body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc …]]]
            out.nstring(header.value(Field.CONTENT_MD5));
        }
        out.space();
        writeDisposition(out, header.value(Field.CONTENT_DISPOSITION));
        out.space();
        writeLanguage(out, header.value(Field.CONTENT_LANGUAGE));
        return out.space().nstring(header.value(Field.CONTENT_LOCATION)).toByteArray();
    }

    /// body-fld-dsp = "(" string SP body-fld-param ")" / nil
    private static void writeDisposition(WireWriter out, @Nullable String field) {
        Parameters disposition = field == null ? new Parameters("", List.of()) : Parameters.parse(field);
        if (disposition.value().isEmpty()) {
            out.raw("NIL");
            return;
        }
        out.raw("(").string(disposition.value()).space();
        out.parameters(disposition.list()).raw(")");
    }

    /// body-fld-lang = nstring / "(" string *(SP string) ")"
    private static void writeLanguage(WireWriter out, @Nullable String field) {
        List<String> languages = new ArrayList<>();
        for (String language : (field == null ? "" : field).split(",", 100)) {
            if (!language.isBlank()) {
                languages.add(language.strip());
            }
        }
        if (languages.size() < 2) {
            out.nstring(languages.isEmpty() ? null : languages.getFirst());
            return;
        }
        String separator = "(";
        for (String language : languages) {
            out.raw(separator).string(language);
            separator = " ";
        }
        out.raw(")");
    }

    /// RFC 2045 §6.1: 7BIT where nothing is said.
    private static String transferEncoding(@Nullable String field) {
        String token = field == null ? "" : Parameters.parse(field).value();
        if (token.isEmpty()) {
            return "7BIT";
        }
        return token.substring(0, Math.min(token.length(), TRANSFER_ENCODING_LIMIT))
                .toUpperCase(Locale.ROOT);
    }
}
