package org.postern.mua;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postern.testkit.FaultServer;

/// One scenario of `scenarios.json`: a domain with its servers and its zone, and what a client does step by step.
///
/// @param id the row of docs/requirements.tsv without its hyphen, and a letter where a row has several
/// @param zone secure, insecure, expired, changed; `own` for a signed one that changes from step to step
/// @param servers by name; a server `mail` has the host `mail.{domain}`, and a name with a dot is the host below
///     another domain
/// @param srv SRV records: service, priority, weight and server, or service and `.`
/// @param records further ones in zone file form
/// @param failing names that are answered by SERVFAIL
/// @param silent names that are not answered
record Scenario(
        String id,
        String title,
        @Nullable String zone,
        Map<String, Box> servers,
        @Nullable List<String> srv,
        @Nullable List<String> records,
        @Nullable List<String> failing,
        @Nullable List<String> silent,
        List<Step> steps) {
    /// One server.
    ///
    /// @param certificate kind, and names after a colon; as [Laboratory#issue] reads it
    /// @param tlsa records for its port: usage, selector, matching type, and which certificate
    /// @param gnutls priorities of a gnutls-serv that stands in for the server
    record Box(
            Service service,
            @Nullable String certificate,
            @Nullable List<String> tlsa,
            @Nullable String gnutls,
            boolean dead,
            @Nullable String greeting,
            @Nullable String capabilities,
            @Nullable String inside,
            @Nullable String answer,
            @Nullable String injected,
            @Nullable String afterStartTls,
            boolean clearOnTlsPort,
            boolean closeAtOnce,
            @Nullable String noise,
            @Nullable String versions,
            @Nullable String suites,
            @Nullable String applicationProtocol,
            boolean renegotiate,
            boolean cutAfterLogin) {
        FaultServer.Behaviour behaviour() {
            return new FaultServer.Behaviour(
                    service.implicitTls(),
                    greeting,
                    capabilities,
                    inside,
                    answer,
                    injected,
                    afterStartTls,
                    clearOnTlsPort,
                    closeAtOnce,
                    noise,
                    versions,
                    suites,
                    applicationProtocol,
                    renegotiate,
                    cutAfterLogin);
        }
    }

    /// One thing that a client does.
    ///
    /// @param client what it does: `connect` (the default) goes to `server` as configured, `discover` to what SRV
    ///     records offer, `confirm` the same after the user has confirmed the target, `refresh` to the saved server
    ///     after a look whether it still holds
    /// @param server the one that is configured
    /// @param typed what the user typed instead of the server's host
    /// @param mailDomain whether the account's domain counts, too
    /// @param before what happens first: to servers (`certificate: mail good`), to the zone (`tlsa: mail 3 1 1
    ///     leaf`, `insecure`, `srv: …`), to the account (`lower`, `pin`, `unpin`, `other`, `remember`)
    /// @param until whether it is tried again until the outcome is reached, for what caches hold
    /// @param strict outcome, row of the table, rule
    /// @param standard the same, where it differs
    /// @param login accepted or not-offered, where it goes on
    /// @param then what goes wrong after login: `cut`, `renegotiate`; or `leave`, where all goes well
    /// @param report who has to hear of it under the policy `strict`
    /// @param serverName what was asked for by SNI
    /// @param naive whether a naive client gives its password away; by default where the outcome is not to continue
    record Step(
            @Nullable String client,
            @Nullable String server,
            @Nullable String typed,
            boolean mailDomain,
            @Nullable Phase phase,
            @Nullable List<String> before,
            boolean until,
            String strict,
            @Nullable String standard,
            @Nullable String login,
            @Nullable String then,
            @Nullable String report,
            @Nullable String serverName,
            @Nullable Boolean naive) {
        String expected(Policy policy) {
            return policy == Policy.STANDARD ? Objects.requireNonNullElse(standard, strict) : strict;
        }
    }

    String zoneName() {
        return zone == null ? "secure" : zone.equals("own") ? "own-" + id.toLowerCase(Locale.ROOT) : zone;
    }

    /// The mail domain.
    String domain() {
        return id.toLowerCase(Locale.ROOT) + "." + zoneName();
    }

    /// The host of a server: `mail`, `mail.other` below another domain, `mail@insecure` in another zone.
    String host(String server) {
        String name = server.split("@", 2)[0];
        String in = server.indexOf('@') < 0 ? zoneName() : server.split("@", 2)[1];
        String prefix = id.toLowerCase(Locale.ROOT);
        return (name.indexOf('.') < 0 ? name + "." + prefix : name.replace(".", "." + prefix + "-")) + "." + in;
    }

    @Override
    public String toString() {
        return id + " " + title;
    }
}
