package org.postern.dns;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.postern.dns.UpdateProblem.Kind;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;

/// What a primary server's answers mean, and what an operator does about them.
final class UpdateAnswers {
    private UpdateAnswers() {}

    /// Returns if the answer is signed by the key, whatever its code (RFC 8945 §5.3, §5.4).
    static void verify(Message answer, byte[] octets, TSIG signer, TSIGRecord asked, UpdateSettings settings)
            throws UpdateProblem {
        TSIGRecord signature = answer.getTSIG();
        if (signature != null && signature.getError() != Rcode.NOERROR) {
            throw keyProblem(signature, asked, settings);
        }
        int verdict = signer.verify(answer, octets, asked);
        if (verdict == Rcode.NOERROR) {
            return;
        }
        if (signature == null) {
            String code = Rcode.string(answer.getRcode());
            // one that does not sign its refusal has not taken the key: nothing was done, unless somebody forges
            if (answer.getRcode() == Rcode.NOTIMP || answer.getRcode() == Rcode.FORMERR) {
                throw takesNone(answer, settings); // NSD looks at no key before
            }
            if (answer.getRcode() == Rcode.NOTAUTH) {
                throw notPrimary(settings); // nor does Knot
            }
            throw answer.getRcode() == Rcode.NOERROR
                    ? new UpdateProblem(
                            Kind.LOST,
                            settings.server() + " does not sign its answers with " + settings.key()
                                    + ": it is no server that knows the key, or somebody is in between")
                    : new UpdateProblem(
                            answer.getRcode() == Rcode.SERVFAIL ? Kind.LATER : Kind.FINAL,
                            settings.server() + " answers " + code + " without a signature: it does not take "
                                    + settings.key() + " for " + settings.zone()
                                    + " (is it the primary server, and is the key"
                                    + " in its configuration?)");
        }
        throw verdict == Rcode.BADTIME
                ? clocks(signature.getTimeSigned(), settings)
                : new UpdateProblem(
                        Kind.LOST,
                        "the signature of " + settings.server() + " is wrong (" + Rcode.TSIGstring(verdict)
                                + "): somebody is in between, or the server's " + settings.key() + " is another one");
    }

    private static UpdateProblem keyProblem(TSIGRecord signature, TSIGRecord asked, UpdateSettings settings) {
        UpdateKey key = settings.key();
        return switch (signature.getError()) {
            case Rcode.BADKEY ->
                new UpdateProblem(
                        Kind.REFUSED, // Knot answers so, too, where a key that it knows has no right to a name
                        settings.server() + " does not take " + key
                                + " (BADKEY): name and algorithm must be those of the server's configuration, and (Knot) an acl with"
                                + " \"action: update\" must allow it");
            case Rcode.BADSIG ->
                new UpdateProblem(
                        Kind.FINAL,
                        settings.server() + " has another secret for " + key
                                + " (BADSIG): copy the secret of the server's configuration");
            case Rcode.BADTIME -> {
                Instant theirs = serverTime(signature);
                yield clocks(theirs == null ? asked.getTimeSigned() : theirs, settings);
            }
            case Rcode.BADTRUNC ->
                new UpdateProblem(Kind.FINAL, settings.server() + " wants longer signatures of " + key + " (BADTRUNC)");
            default ->
                new UpdateProblem(
                        Kind.FINAL,
                        settings.server() + " does not take " + key + ": " + Rcode.TSIGstring(signature.getError()));
        };
    }

    // RFC 8945 §5.2.3: "Other Data" has the server's clock, 48 bits of seconds
    private static @Nullable Instant serverTime(TSIGRecord signature) {
        byte[] other = signature.getOther();
        if (other == null || other.length != 6) {
            return null;
        }
        long seconds = 0;
        for (byte each : other) {
            seconds = (seconds << 8) | (each & 0xff);
        }
        return Instant.ofEpochSecond(seconds);
    }

    private static UpdateProblem clocks(Instant theirs, UpdateSettings settings) {
        return new UpdateProblem(
                Kind.FINAL,
                "the clocks of this host and of " + settings.server() + " disagree (BADTIME): here it is "
                        + Instant.ofEpochSecond(settings.clock().instant().getEpochSecond()) + ", there " + theirs
                        + "; more than 5 minutes are not allowed: let both follow a time server (NTP)");
    }

    /// Returns if an update was done.
    static void judgeUpdate(Message answer, UpdateSettings settings) throws UpdateProblem {
        String zone = settings.zone().text();
        switch (answer.getRcode()) {
            case Rcode.NOERROR -> {}
            // RFC 2136 §3.2: a prerequisite does not hold
            case Rcode.NXDOMAIN, Rcode.YXDOMAIN, Rcode.NXRRSET, Rcode.YXRRSET ->
                throw new UpdateProblem(
                        Kind.CHANGED,
                        "the zone is not what it was a moment ago (" + Rcode.string(answer.getRcode())
                                + "): somebody else changes it");
            case Rcode.SERVFAIL ->
                throw new UpdateProblem(
                        Kind.LATER,
                        settings.server() + " cannot change " + zone
                                + " (SERVFAIL): its log says why; often it must not write into the zone's directory");
            case Rcode.REFUSED ->
                throw new UpdateProblem(
                        Kind.REFUSED,
                        "refused by " + settings.server() + " (REFUSED): " + settings.key()
                                + " has no right to change it; see update-policy or allow-update of the zone (BIND), or its acl with"
                                + " \"action: update\" (Knot)");
            case Rcode.NOTAUTH -> throw notPrimary(settings);
            case Rcode.NOTZONE ->
                throw new UpdateProblem(
                        Kind.FINAL, settings.server() + " says that a name is not in " + zone + " (NOTZONE)");
            case Rcode.NOTIMP, Rcode.FORMERR -> throw takesNone(answer, settings);
            default ->
                throw new UpdateProblem(
                        Kind.FINAL,
                        settings.server() + " answers " + Rcode.string(answer.getRcode()) + " to an update");
        }
    }

    private static UpdateProblem takesNone(Message answer, UpdateSettings settings) {
        return new UpdateProblem(
                Kind.FINAL,
                settings.server() + " takes no update messages (" + Rcode.string(answer.getRcode())
                        + "): dynamic updates must be allowed there, or publish in another way");
    }

    private static UpdateProblem notPrimary(UpdateSettings settings) {
        return new UpdateProblem(
                Kind.FINAL,
                settings.server() + " is not the primary server of " + settings.zone()
                        + " (NOTAUTH): check the zone's name, and that updates go to the primary, not to a secondary");
    }
}
