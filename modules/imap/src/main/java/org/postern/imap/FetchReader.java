package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postern.imap.FetchItem.Attribute;
import org.postern.imap.FetchItem.Body;
import org.postern.imap.FetchItem.Partial;
import org.postern.imap.FetchItem.Section;
import org.postern.imap.FetchItem.Text;

/// Reads what a FETCH asks for (RFC 3501 §6.4.5).
final class FetchReader {
    private static final int DEPTH = 100;

    private final WireReader wire;

    FetchReader(WireReader wire) {
        this.wire = wire;
    }

    /// "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"
    List<FetchItem> expectItems() throws IOException {
        if (wire.take('(')) {
            List<FetchItem> items = new ArrayList<>();
            do {
                items.add(expectItem(expectName()));
            } while (wire.take(' '));
            wire.expect(')');
            return List.copyOf(items);
        }
        String name = expectName();
        return switch (name) {
            case "FAST" -> List.of(Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE);
            case "ALL" -> List.of(Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE, Attribute.ENVELOPE);
            case "FULL" ->
                List.of(
                        Attribute.FLAGS,
                        Attribute.INTERNALDATE,
                        Attribute.RFC822_SIZE,
                        Attribute.ENVELOPE,
                        Attribute.BODY);
            default -> List.of(expectItem(name));
        };
    }

    /// BINARY: RFC 3516 §7.
    ///
    /// fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] /
    ///             "BODY" ["STRUCTURE"] / "UID" / "BODY" [".PEEK"] section ["<" number "." nz-number ">"]
    private FetchItem expectItem(String name) throws IOException {
        return switch (name) {
            case "ENVELOPE" -> Attribute.ENVELOPE;
            case "FLAGS" -> Attribute.FLAGS;
            case "INTERNALDATE" -> Attribute.INTERNALDATE;
            case "UID" -> Attribute.UID;
            case "BODYSTRUCTURE" -> Attribute.BODYSTRUCTURE;
            case "RFC822.SIZE" -> Attribute.RFC822_SIZE;
            case "RFC822" -> whole(new Text.Whole(), false, "RFC822");
            case "RFC822.HEADER" -> whole(new Text.Header(), true, "RFC822.HEADER");
            case "RFC822.TEXT" -> whole(new Text.Body(), false, "RFC822.TEXT");
            case "BODY" -> wire.peek() == '[' ? expectBody(false) : Attribute.BODY;
            case "BODY.PEEK" -> expectBody(true);
            case "BINARY" -> new FetchItem.Binary(expectPart(), takePartial(), false);
            case "BINARY.PEEK" -> new FetchItem.Binary(expectPart(), takePartial(), true);
            case "BINARY.SIZE" -> new FetchItem.BinarySize(expectPart());
            default -> throw BadCommand.syntax("Unknown FETCH item");
        };
    }

    private static Body whole(Text text, boolean peek, String label) {
        return new Body(new Section(List.of(), text), null, peek, label);
    }

    private Body expectBody(boolean peek) throws IOException {
        Section section = expectSection();
        return new Body(section, takePartial(), peek, "BODY[" + specification(section) + "]");
    }

    /// section-binary = "[" [section-part] "]" ; RFC 3516 §7
    private List<Integer> expectPart() throws IOException {
        Section section = expectSection();
        if (!(section.text() instanceof Text.Whole)) {
            throw BadCommand.syntax("BINARY takes a part number");
        }
        return section.part();
    }

    /// section      = "[" [section-spec] "]" section-spec = section-msgtext / (section-part ["." section-text])
    /// section-part = nz-number *("." nz-number)
    private Section expectSection() throws IOException {
        wire.expect('[');
        List<Integer> part = new ArrayList<>();
        Text text = new Text.Whole();
        while (wire.peek() != ']') {
            if (wire.peek() >= '0' && wire.peek() <= '9') {
                part.add((int) Math.min(wire.expectNonZeroNumber(), Integer.MAX_VALUE));
                if (part.size() > DEPTH) {
                    throw BadCommand.syntax("Section too deep");
                }
                if (wire.take('.')) {
                    if (wire.peek() == ']') {
                        throw BadCommand.syntax("Section expected");
                    }
                    continue;
                }
            } else {
                text = expectText(part.isEmpty());
            }
            break;
        }
        wire.expect(']');
        return new Section(List.copyOf(part), text);
    }

    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// section-text    = section-msgtext / "MIME"
    private Text expectText(boolean ofMessage) throws IOException {
        String name = expectName();
        return switch (name) {
            case "HEADER" -> new Text.Header();
            case "TEXT" -> new Text.Body();
            case "HEADER.FIELDS" -> new Text.HeaderFields(expectHeaderList(), false);
            case "HEADER.FIELDS.NOT" -> new Text.HeaderFields(expectHeaderList(), true);
            case "MIME" -> {
                if (ofMessage) {
                    throw BadCommand.syntax("MIME needs a part");
                }
                yield new Text.Mime();
            }
            default -> throw BadCommand.syntax("Unknown section");
        };
    }

    /// header-list = "(" header-fld-name *(SP header-fld-name) ")"
    private List<String> expectHeaderList() throws IOException {
        wire.expectSpace();
        wire.expect('(');
        List<String> names = new ArrayList<>();
        do {
            names.add(WireReader.latin(wire.expectAstring()));
        } while (wire.take(' '));
        wire.expect(')');
        return List.copyOf(names);
    }

    private @Nullable Partial takePartial() throws IOException {
        if (!wire.take('<')) {
            return null;
        }
        long origin = wire.expectNumber64(); // RFC 9051 §9: partial
        wire.expect('.');
        long length = wire.expectNonZeroNumber64();
        wire.expect('>');
        return new Partial(origin, length);
    }

    /// Letters, digits and dots: `[` is an atom character and would be taken for part of the name.
    private String expectName() throws IOException {
        StringBuilder name = new StringBuilder();
        while ((Character.isLetterOrDigit(wire.peek()) && wire.peek() < 0x80) || wire.peek() == '.') {
            name.append((char) wire.next());
        }
        return name.toString().toUpperCase(Locale.ROOT);
    }

    /// A part's number as the answer writes it.
    static String partNumber(List<Integer> part) {
        return part.stream().map(String::valueOf).collect(Collectors.joining("."));
    }

    /// The section as the answer names it.
    static String specification(Section section) {
        String text = partNumber(section.part());
        String name = switch (section.text()) {
            case Text.Whole _ -> "";
            case Text.Header _ -> "HEADER";
            case Text.Body _ -> "TEXT";
            case Text.Mime _ -> "MIME";
            case Text.HeaderFields fields ->
                (fields.not() ? "HEADER.FIELDS.NOT (" : "HEADER.FIELDS (")
                        + String.join(
                                " ",
                                fields.names().stream()
                                        .map(ResponseWriter::astring)
                                        .toList())
                        + ")";
        };
        return text + (text.isEmpty() || name.isEmpty() ? "" : ".") + name;
    }
}
