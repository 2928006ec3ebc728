package org.postern.server;

import java.io.IOException;
import java.net.IDN;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.postern.audit.Audit;
import org.postern.audit.AuditReport;
import org.postern.audit.AuditSettings;
import org.postern.identity.TrustAnchors;
import org.postern.mua.Policy;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "audit",
        description = {
            "Judges a mail domain from outside, as a strict client would see it: SRV and TLSA records and whether they are"
                    + " signed, every endpoint and address, its TLS and its certificate.",
            "Needs no server and no configuration; sends no password. Exit code 0 where a client of the policy may use all"
                    + " that the domain offers and nothing is wrong, 5 where not."
        },
        mixinStandardHelpOptions = true)
final class AuditCommand implements Callable<Integer> {
    static final int NOT_PASSED = 5;

    private static final Path RESOLVERS = Path.of("/etc/resolv.conf");

    @Spec
    private @Nullable CommandSpec command;

    @Mixin
    private Output output = new Output();

    @Parameters(paramLabel = "DOMAIN", description = "what is behind the @ of its addresses")
    private String domain = "";

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            description =
                    "strict: TLSA records only ever add to PKIX; standard: as RFC 7671, either is enough. Default:"
                            + " strict. Both are reported, this one makes the exit code.")
    private PolicyName policy = PolicyName.strict;

    @Option(
            names = "--trust-anchor",
            paramLabel = "FILE",
            description = "DS or DNSKEY records to validate from, in zone file form. Default: the root's, of IANA.")
    private @Nullable Path anchor;

    @Option(
            names = "--resolver",
            paramLabel = "ADDRESS[:PORT]",
            description =
                    "a resolver to ask, which hands on DNSSEC records; it need not be trusted. May be given several"
                            + " times. Default: those of /etc/resolv.conf.")
    private List<String> resolvers = new ArrayList<>();

    @Option(
            names = "--authority",
            paramLabel = "FILE",
            description = "a certificate authority in PEM that clients trust, beside those of the Java runtime")
    private @Nullable Path authority;

    @Option(
            names = "--allow-private",
            description = "connect to addresses that are not public, as of a server in one's own network")
    private boolean allowPrivate;

    /// As the command line has it.
    enum PolicyName {
        strict,
        standard
    }

    @Override
    public Integer call() throws IOException {
        AuditSettings settings = AuditSettings.of(
                        switch (policy) {
                            case strict -> Policy.STRICT;
                            case standard -> Policy.STANDARD;
                        })
                .withAnchors(authorities())
                .withPrivateAddresses(allowPrivate);
        AuditReport report = new Audit(settings, resolver()::lookup).of(name());
        output.show(AuditDisplay.answer(report), AuditDisplay::text);
        return report.passed() ? Main.DONE : NOT_PASSED;
    }

    private DomainName name() {
        try {
            return new DomainName(IDN.toASCII(domain, IDN.USE_STD3_ASCII_RULES));
        } catch (IllegalArgumentException e) {
            throw wrong("DOMAIN: not a domain: \"" + domain + "\"");
        }
    }

    private Resolver resolver() throws IOException {
        ResolverSettings settings = ResolverSettings.of(upstreams());
        Path file = anchor;
        if (file == null) {
            return new Resolver(settings);
        }
        try {
            return new Resolver(settings.withAnchors(TrustAnchorFile.of(file)));
        } catch (NoSuchFileException e) {
            throw wrong("--trust-anchor: there is no file " + file);
        } catch (IllegalArgumentException e) {
            throw wrong("--trust-anchor: " + e.getMessage());
        }
    }

    private List<Upstream> upstreams() throws IOException {
        if (resolvers.isEmpty()) {
            return Upstream.ofResolvConf(RESOLVERS);
        }
        try {
            return resolvers.stream().map(Upstream::parse).toList();
        } catch (IllegalArgumentException e) {
            throw wrong("--resolver: " + e.getMessage());
        }
    }

    private TrustAnchors authorities() throws IOException {
        TrustAnchors anchors = TrustAnchors.ofRuntime();
        Path file = authority;
        if (file == null) {
            return anchors;
        }
        try {
            var all = new ArrayList<>(anchors.certificates());
            all.addAll(TrustAnchors.parse(Files.readAllBytes(file)).certificates());
            return new TrustAnchors(all);
        } catch (NoSuchFileException e) {
            throw wrong("--authority: there is no file " + file);
        } catch (IllegalArgumentException e) {
            throw wrong("--authority: " + file + ": " + e.getMessage());
        }
    }

    private CommandLine.ParameterException wrong(String message) {
        CommandSpec own = command;
        if (own == null) {
            throw new IllegalStateException("set by picocli before the command runs");
        }
        return new CommandLine.ParameterException(own.commandLine(), message);
    }
}
