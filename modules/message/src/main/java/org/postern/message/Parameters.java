package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A structured Content- field: its value and its parameters in order, with the pieces of continued parameters joined.
///
/// RFC 2231 §6: a server joins continuations for BODYSTRUCTURE, so what was `name*0*`, `name*1` leaves here as one
/// `name*`, still with its charset and percent encoding.
record Parameters(String value, List<Parameter> list) {
    /// A field longer than this is cut: no honest one is, and a parameter costs far more in memory than in octets.
    private static final int FIELD_LIMIT = 64 * 1024;

    record Parameter(String name, String value) {}

    static Parameters parse(String field) {
        String bounded = field.length() > FIELD_LIMIT ? field.substring(0, FIELD_LIMIT) : field;
        FieldLexer lexer = new FieldLexer(bounded);
        String value = valueUpTo(lexer, ";");
        List<Parameter> raw = new ArrayList<>();
        while (!lexer.atEnd()) {
            lexer.skip(); // the semicolon
            String name = valueUpTo(lexer, ";=");
            boolean hasValue = !lexer.atEnd() && lexer.peek() == '=';
            if (hasValue) {
                lexer.skip();
            }
            String text = hasValue ? valueUpTo(lexer, ";") : "";
            if (!name.isEmpty()) {
                raw.add(new Parameter(name, text));
            }
        }
        return new Parameters(value, joinContinuations(raw));
    }

    /// Tokens and quoted strings up to one of `stops`, without comments; white space between them is one space.
    /// Lenient: an unquoted value may hold what a token may not, as in `name=My File.txt`.
    private static String valueUpTo(FieldLexer lexer, String stops) {
        StringBuilder value = new StringBuilder();
        lexer.skipSpaceAndComments();
        int before = lexer.position();
        while (!lexer.atEnd() && stops.indexOf(lexer.peek()) < 0) {
            if (lexer.position() > before) {
                value.append(' ');
            }
            value.append(lexer.peek() == '"' ? lexer.quoted('"') : lexer.run(stops + " \t\r\n(\""));
            before = lexer.position();
            lexer.skipSpaceAndComments();
        }
        return value.toString();
    }

    /// A parameter's value, decoded if it came in the extended form of RFC 2231 §4.
    @Nullable
    String get(String name) {
        for (Parameter parameter : list) {
            if (parameter.name.equalsIgnoreCase(name)) {
                return parameter.value;
            }
        }
        for (Parameter parameter : list) {
            if (parameter.name.equalsIgnoreCase(name + "*")) {
                return percentDecoded(parameter.value.substring(encodedTextStart(parameter.value)));
            }
        }
        return null;
    }

    private static List<Parameter> joinContinuations(List<Parameter> raw) {
        Map<String, TreeMap<Integer, Section>> continued = new LinkedHashMap<>();
        for (Parameter parameter : raw) {
            Section section = Section.of(parameter);
            if (section != null) {
                continued.computeIfAbsent(section.key(), key -> new TreeMap<>()).putIfAbsent(section.number(), section);
            }
        }
        if (continued.isEmpty()) {
            return List.copyOf(raw);
        }
        List<Parameter> joined = new ArrayList<>();
        for (Parameter parameter : raw) {
            Section section = Section.of(parameter);
            if (section == null) {
                joined.add(parameter);
                continue;
            }
            // The whole stands where its first piece stood; pieces in any order, as RFC 2231 §3 allows.
            TreeMap<Integer, Section> sections = continued.remove(section.key());
            if (sections != null) {
                joined.add(join(sections));
            }
        }
        return List.copyOf(joined);
    }

    private static Parameter join(TreeMap<Integer, Section> sections) {
        boolean extended = sections.values().stream().anyMatch(Section::extended);
        StringBuilder value = new StringBuilder();
        int expected = 0;
        for (Section section : sections.values()) {
            if (section.number() != expected && expected > 0) {
                break; // a piece is missing: what follows it would be put together wrongly
            }
            expected = section.number() + 1;
            if (extended && value.isEmpty() && !section.extended()) {
                value.append("''"); // neither charset nor language was said
            }
            value.append(extended && !section.extended() ? percentEncoded(section.value()) : section.value());
        }
        String name = sections.firstEntry().getValue().name();
        return new Parameter(extended ? name + "*" : name, value.toString());
    }

    /// One piece of a continued parameter: `name*number` or `name*number*`.
    private record Section(String name, int number, boolean extended, String value) {
        static @Nullable Section of(Parameter parameter) {
            String name = parameter.name;
            boolean extended = name.endsWith("*");
            String plain = extended ? name.substring(0, name.length() - 1) : name;
            int star = plain.lastIndexOf('*');
            String digits = plain.substring(star + 1);
            if (star < 1 || digits.isEmpty() || digits.length() > 5) {
                return null;
            }
            for (int i = 0; i < digits.length(); i++) {
                if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                    return null;
                }
            }
            return new Section(plain.substring(0, star), Integer.parseInt(digits), extended, parameter.value);
        }

        String key() {
            return name.toLowerCase(Locale.ROOT);
        }
    }

    private static int encodedTextStart(String value) {
        int first = value.indexOf('\'');
        int second = first < 0 ? -1 : value.indexOf('\'', first + 1);
        return second < 0 ? 0 : second + 1;
    }

    private static String percentEncoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // RFC 2231 §7: attribute-char
            if (c > ' ' && c < 0x7f && "*'%()<>@,;:\\\"/[]?=".indexOf(c) < 0) {
                encoded.append(c);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4 & 15, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return encoded.toString();
    }

    private static String percentDecoded(String text) {
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%' && i + 2 < text.length()) {
                int high = Character.digit(text.charAt(i + 1), 16);
                int low = Character.digit(text.charAt(i + 2), 16);
                if (high >= 0 && low >= 0) {
                    decoded.write(high << 4 | low);
                    i += 2;
                    continue;
                }
            }
            decoded.write(c);
        }
        return decoded.toString(ISO_8859_1);
    }
}
