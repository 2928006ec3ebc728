package org.postern.resolver;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.dnssec.ValidatingResolver;

/// One question, answered by upstream and validated by dnsjava from the trust anchor down. Each lookup has a
/// validator of its own, without keys from earlier ones: what it relies on is what it was shown, and that is the
/// evidence. The messages come from the cache, so this costs a few signatures and no packets.
final class Validation {
    /// @param message the answer; useful only where it is secure or insecure
    record Judged(Hop.Security security, Message message, String reason, List<String> steps) {}

    private final ResolverSettings settings;
    private final Transport transport;

    Validation(ResolverSettings settings, Transport transport) {
        this.settings = settings;
        this.transport = transport;
    }

    Judged judge(Record question) throws IOException {
        Judged first = judgeOnce(question);
        if (first.security != Hop.Security.BOGUS) {
            return first;
        }
        transport.distrust(); // an answer from the cache may be older than the keys: once more, all of it fresh
        return judgeOnce(question);
    }

    private Judged judgeOnce(Record question) throws IOException {
        transport.forgetEvidence();
        if (settings.trustedPath()) {
            Message message = transport.fetch(question);
            boolean authenticated = message.getHeader().getFlag(Flags.AD);
            return new Judged(
                    authenticated ? Hop.Security.SECURE : Hop.Security.INSECURE,
                    message,
                    "",
                    List.of(Wire.explain(message) + (authenticated ? "; AD" : "; no AD") + " by the trusted path"));
        }
        if (!settings.anchors().covers(question.getName())) {
            // RFC 4033 §5 calls this indeterminate, RFC 4035 §4.3 and everybody since: insecure
            Message message = transport.fetch(question);
            return new Judged(
                    Hop.Security.INSECURE,
                    message,
                    "",
                    List.of(Wire.describe(question) + ": no trust anchor above it"));
        }
        Message validated;
        try {
            ValidatingResolver validator = new ValidatingResolver(transport, settings.clock());
            validator.loadTrustAnchors(
                    new ByteArrayInputStream(settings.anchors().text()));
            validated = validator
                    .sendAsync(Message.newQuery(question), Runnable::run)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException("validation failed: " + e, e);
        } catch (RuntimeException e) {
            // a message that dnsjava's validator chokes on proves nothing
            return new Judged(Hop.Security.BOGUS, new Message(), "the answer cannot be validated: " + e, steps());
        }
        if (validated.getHeader().getFlag(Flags.AD)) {
            return new Judged(Hop.Security.SECURE, validated, "", steps());
        }
        return validated.getRcode() == Rcode.SERVFAIL
                ? new Judged(Hop.Security.BOGUS, validated, reason(validated), steps())
                : new Judged(Hop.Security.INSECURE, validated, "", steps());
    }

    private List<String> steps() {
        List<String> steps = new ArrayList<>();
        transport.evidence().forEach(message -> steps.add(Wire.explain(message)));
        return steps;
    }

    private static String reason(Message message) {
        for (Record record : message.getSection(Section.ADDITIONAL)) {
            if (record instanceof TXTRecord text && record.getDClass() == ValidatingResolver.VALIDATION_REASON_QCLASS) {
                return String.join("", text.getStrings());
            }
        }
        if (message.getOPT() != null) {
            for (EDNSOption option : message.getOPT().getOptions()) {
                if (option instanceof ExtendedErrorCodeOption extended && extended.getText() != null) {
                    return extended.getText();
                }
            }
        }
        return "validation failed";
    }
}
