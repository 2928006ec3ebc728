package org.postern.mua;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.identity.DaneResult;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.testkit.ChangingZones;
import org.postern.testkit.FaultServer;
import org.postern.testkit.Requirement;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The scenarios of `scenarios.json`: real zones on a real name server, real TLS, servers that misbehave just so.
/// Each is run under both policies, and once more with a client that is naive: where that one gives nothing away,
/// the scenario would prove nothing.
@Requirement({
    "L-1", "L-2", "L-3", "L-4", "L-6", "L-7", "L-8", "L-9", "L-10", "L-11", "L-12", "L-13", "L-14", "L-15", "L-16",
    "L-17", "L-18", "L-19", "L-20", "L-21", "L-22", "L-24", "L-25", "L-26", "L-27", "L-29", "L-31", "L-32", "L-33",
    "L-34", "L-35", "L-36", "L-37", "L-38", "L-39", "L-40", "L-41", "L-42", "L-43", "L-44", "L-45", "L-48", "L-49",
    "L-50", "L-51", "L-52", "L-53", "L-54", "L-55", "L-57", "L-58", "L-61", "L-65", "L-66"
})
class ScenarioTest {
    private static final String PASSWORD = "canary-4711";

    @TempDir
    static Path directory;

    private static List<Scenario> scenarios;
    private static Laboratory laboratory;
    private static final Set<Integer> naivePorts = new HashSet<>(); // from which the naive client came

    @BeforeAll
    static void open() throws Exception {
        scenarios = read();
        laboratory = new Laboratory(directory, scenarios);
    }

    @AfterAll
    static void close() throws Exception {
        if (laboratory != null) {
            laboratory.close();
        }
    }

    static List<Scenario> read() throws IOException {
        try (InputStream stream = ScenarioTest.class.getResourceAsStream("scenarios.json")) {
            return JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .build()
                    .readValue(stream, new TypeReference<List<Scenario>>() {});
        }
    }

    static Stream<Arguments> runs() throws IOException {
        return read().stream()
                .flatMap(scenario -> Stream.of(Policy.values()).map(policy -> Arguments.of(scenario, policy)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("runs")
    @Requirement({
        "SEED-11",
        "SEED-12",
        "SEED-13",
        "SEED-16",
        "SEED-17",
        "SEED-35",
        "SEED-36",
        "SEED-37",
        "R8314-10",
        "R8314-51",
        "R8314-56",
        "R8314-57",
        "R8314-58",
        "R8314-62",
        "R8997-1",
        "R7817-1",
        "R7817-2",
        "R7817-3",
        "R7817-4",
        "R7817-5",
        "R7817-6",
        "R7817-7",
        "R9525-1",
        "R9525-2",
        "R9525-3",
        "R9525-4",
        "R6186-8",
        "R6186-13",
        "ST-15",
        "ST-16",
        "ST-17",
        "ST-18",
        "ST-21",
        "ST-25",
        "DANE-5",
        "DANE-7",
        "DANE-16",
        "DANE-19"
    })
    void isDecidedAsTheTableSays(Scenario scenario, Policy policy) throws Exception {
        laboratory.reset(scenario);
        Run run = new Run(scenario, policy);
        for (Scenario.Step step : scenario.steps()) {
            run.step(step);
        }
    }

    @Test
    void theExampleInTheDocumentationRuns(@TempDir Path classes) throws Exception {
        Path source = Path.of(System.getProperty("postern.root", "../.."))
                .resolve("modules/mua/src/main/java/org/postern/mua/MailClient.java");
        String example = Files.readAllLines(source).stream()
                .filter(line -> line.startsWith("/// "))
                .map(line -> line.substring(4))
                .dropWhile(line -> !line.equals("```java"))
                .skip(1)
                .takeWhile(line -> !line.equals("```"))
                .collect(Collectors.joining("\n"));
        Path file = Files.writeString(
                classes.resolve("Example.java"),
                "import java.io.*; import java.security.*; import java.util.*; import org.postern.mua.*;\n"
                        + "import org.postern.resolver.*;\npublic class Example { public " + example + "}");
        String classPath = Stream.of(MailClient.class, Resolver.class, DaneResult.class, NullMarked.class)
                .map(type ->
                        type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-cp", classPath, "-d", classes.toString(), file.toString()))
                .isZero();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()}, ScenarioTest.class.getClassLoader())) {
            Method logIn = loader.loadClass("Example")
                    .getMethod("logIn", Lookups.class, MailClientSettings.class, String.class, char[].class);
            Lookups lookups = laboratory.resolver(false)::lookup;
            MailClientSettings settings = laboratory.settings(Policy.STRICT);
            char[] password = PASSWORD.toCharArray();
            assertThat(logIn.invoke(null, lookups, settings, "alice@l36.secure", password))
                    .isEqualTo("Accepted[user=alice@l36.secure]");
            assertThat(logIn.invoke(null, lookups, settings, "alice@l13c.insecure", password))
                    .asString()
                    .startsWith("DT-3: ");
            assertThat(logIn.invoke(null, lookups, settings, "alice@l37.insecure", password))
                    .isEqualTo("is mail.l37-other.insecure yours?");
            assertThat(logIn.invoke(null, lookups, settings, "alice@l1.secure", password))
                    .isEqualTo("which server is yours?");
        }
    }

    /// A client with its account, through the steps of one scenario.
    private static final class Run {
        private final Scenario scenario;
        private final Policy policy;
        private final MailClientSettings settings;
        private final Map<String, Account> others = new LinkedHashMap<>();
        private Account account = Account.named("alice");
        private Lookups lookups;
        private MailClient client;
        private SavedServer saved;
        private PinOffer offer;
        private int number;

        Run(Scenario scenario, Policy policy) throws Exception {
            this.scenario = scenario;
            this.policy = policy;
            settings = laboratory.settings(policy);
            forgetAnswers();
        }

        private void forgetAnswers() throws IOException {
            Resolver patient = laboratory.resolver(false);
            Resolver impatient = laboratory.resolver(true);
            List<String> silent = Laboratory.orNone(scenario.silent()).stream()
                    .map(name -> laboratory.fill(scenario, name))
                    .toList();
            lookups = (name, type) -> silent.stream().anyMatch(each -> name.isWithin(new DomainName(each)))
                    ? impatient.lookup(name, type)
                    : patient.lookup(name, type);
            client = new MailClient(settings, lookups);
        }

        void step(Scenario.Step step) throws Exception {
            number++;
            for (String before : Laboratory.orNone(step.before())) {
                prepare(before);
            }
            for (String server : scenario.servers().keySet()) {
                FaultServer each = laboratory.serverOf(scenario, server);
                if (each != null) {
                    each.forget();
                }
            }
            String expected = step.expected(policy);
            String result = act(step);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (step.until() && !result.equals(outcome(expected)) && System.nanoTime() - deadline < 0) {
                result = act(step); // refused each time, and never by weaker checks: the last row is looked at below
            }
            String as = scenario + ", step " + number + ", " + policy + ":\n"
                    + (decision == null
                            ? ""
                            : String.join("\n", decision.evidence().lines())) + "\n"
                    + (decision == null ? "" : decision.evidence().facts());
            assertThat(result).as(as).isEqualTo(outcome(expected));
            String[] words = expected.split(" ", -1);
            if (words.length > 1) {
                assertThat(decision.evidence().row().id()).as(as).isEqualTo(words[1]);
            }
            if (words.length > 2) {
                assertThat(rules(decision.evidence())).as(as).containsAnyOf(words[2].split("\\|", -1));
            }
            if (step.client() == null) {
                String used = step.server() == null ? "mail" : step.server();
                for (String other : scenario.servers().keySet()) {
                    assertThat(other.equals(used) ? List.of() : heard(other))
                            .as("%s\nno other server is turned to: %s", as, other)
                            .isEmpty();
                }
            }
            boolean goes = result.equals("continue") || result.equals("unconfidential") || result.equals("alert");
            if (!goes) {
                assertNothingTold(as);
                if (policy == Policy.STRICT) { // it has no policy: once is enough
                    assertThat(step.naive() == null || step.naive())
                            .as("%s: a naive client gives its password away", scenario)
                            .isEqualTo(naiveLeaks(step));
                }
            }
            if (step.report() != null && policy == Policy.STRICT) {
                assertThat(Facts.word(decision.evidence().report())).as(as).isEqualTo(step.report());
            }
        }

        private static String outcome(String expected) {
            return expected.split(" ", -1)[0];
        }

        private Decision decision; // of the last step

        private String act(Scenario.Step step) throws Exception {
            Phase phase = step.phase() == null ? Phase.NORMAL : step.phase();
            String what = step.client() == null ? "connect" : step.client();
            List<Server> servers = new ArrayList<>();
            decision = null;
            if (what.equals("connect")) {
                String name = step.server() == null ? "mail" : step.server();
                Service service = scenario.servers().get(name).service();
                String host = step.typed() == null ? scenario.host(name) : laboratory.fill(scenario, step.typed());
                Server server = Server.configured(service, host, laboratory.port(scenario, name));
                servers.add(step.mailDomain() ? server.forMailDomain(new DomainName(scenario.domain())) : server);
            } else if (what.equals("refresh")) {
                Discovery discovery = new Discovery(lookups, new Random(number));
                Instant later = Instant.EPOCH.plusSeconds(1_000_000);
                switch (discovery.refresh(new SavedServer(saved.server(), Instant.EPOCH), later)) {
                    case Refresh.Keep keep -> servers.add(keep.saved().server());
                    case Refresh.Follow follow -> servers.add(follow.next().server());
                    case Refresh.Withdrawn _ -> {
                        return "withdrawn";
                    }
                }
            } else {
                Discovery discovery = new Discovery(lookups, new Random(number));
                Service first = scenario.servers().values().iterator().next().service();
                Purpose purpose = first.protocol() == Protocol.SUBMISSION ? Purpose.SUBMISSION : Purpose.ACCESS;
                switch (discovery.find(new DomainName(scenario.domain()), purpose, first.protocol())) {
                    case Found.NoRecords _ -> {
                        return "no-records";
                    }
                    case Found.NotOffered _ -> {
                        return "not-offered";
                    }
                    case Found.Failed failed -> {
                        decision = Judge.judge(policy, failed, account, phase);
                        return word(decision);
                    }
                    case Found.Offered offered -> {
                        for (Offer each : offered.offers()) {
                            switch (each) {
                                case Offer.Ready ready ->
                                    servers.add(what.equals("confirm") ? ready.confirmedByUser() : ready.server());
                                case Offer.Unconfirmed unconfirmed -> {
                                    if (!what.equals("confirm")) {
                                        return "ask";
                                    }
                                    servers.add(unconfirmed.confirmedByUser());
                                }
                            }
                        }
                    }
                }
            }
            return connect(servers, phase, step);
        }

        private String connect(List<Server> servers, Phase phase, Scenario.Step step) throws Exception {
            return switch (client.connect(servers, account, phase)) {
                case Attempt.Stopped stopped -> {
                    decision = stopped.decision();
                    if (decision instanceof Decision.OfferPin pin) {
                        offer = pin.offer();
                    }
                    yield word(decision);
                }
                case Attempt.Continue go -> {
                    decision = go.decision();
                    saved = SavedServer.of(decision.evidence().target().server(), Instant.EPOCH);
                    try (MailConnection connection = go.connection()) {
                        use(connection, step);
                    }
                    yield word(decision);
                }
            };
        }

        private void use(MailConnection connection, Scenario.Step step) throws IOException {
            if (step.serverName() != null) {
                assertThat(connection.tls().serverName().orElse("none"))
                        .isEqualTo(laboratory.fill(scenario, step.serverName()));
            }
            assertThat(connection.tls().version()).isIn("TLSv1.2", "TLSv1.3");
            assertThat(connection.tls().group()).as("read along").isPresent();
            LoginResult result =
                    connection.loginByAddress(new Credentials("alice@" + scenario.domain(), PASSWORD.toCharArray()));
            assertThat(result)
                    .isInstanceOf(
                            "not-offered".equals(step.login())
                                    ? LoginResult.NotOffered.class
                                    : LoginResult.Accepted.class);
            if ("leave".equals(step.then())) {
                connection.output().write("x LOGOUT\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(connection.input().readAllBytes(), StandardCharsets.US_ASCII))
                        .endsWith("x OK done\r\n");
            } else if (step.then() != null) {
                assertThatThrownByReading(
                        connection, step.then().equals("cut") ? ClientRule.CONNECTION_LOST : ClientRule.RENEGOTIATION);
            }
        }

        /// A message that ends too soon, or another handshake, is a fault and no end of data (L35, L34).
        private static void assertThatThrownByReading(MailConnection connection, ClientRule rule) {
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> connection.input().readAllBytes())
                    .isInstanceOfSatisfying(
                            WireException.class, e -> assertThat(e.rule()).isEqualTo(rule));
        }

        private static String word(Decision decision) {
            return switch (decision) {
                case Decision.Continue go -> go.alert() ? "alert" : go.confidential() ? "continue" : "unconfidential";
                case Decision.OfferPin _ -> "offer";
                case Decision.Terminate _ -> "terminate";
            };
        }

        private static Set<String> rules(Evidence evidence) {
            Set<String> rules = new TreeSet<>();
            evidence.rules().forEach(rule -> rules.add(rule.name()));
            if (evidence.pkix() != null) {
                rules.add(evidence.pkix().rule().name());
            }
            if (evidence.dane() != null) {
                rules.add(evidence.dane().rule().name());
                evidence.dane().verdicts().stream()
                        .map(DaneResult.RecordVerdict::rule)
                        .forEach(rule -> rules.add(rule.name()));
            }
            return rules;
        }

        private void prepare(String before) throws Exception {
            String[] words = before.split(" ", 3);
            switch (words[0]) {
                case "certificate:" -> laboratory.present(scenario, words[1], words[2]);
                case "same:" -> laboratory.presentSame(scenario, words[1], words[2]);
                case "fresh" -> forgetAnswers();
                case "tlsa:" -> {
                    laboratory.change(
                            scenario,
                            ChangingZones.State.SECURE,
                            scenario.srv(),
                            Map.of(words[1], words[2].equals("-") ? List.of() : List.of(words[2].split("; ", -1))));
                }
                case "unsigned" -> {
                    laboratory.change(scenario, ChangingZones.State.INSECURE, scenario.srv(), Map.of());
                    forgetAnswers();
                }
                case "srv:" -> {
                    laboratory.change(
                            scenario,
                            words[1].equals("secure") ? ChangingZones.State.SECURE : ChangingZones.State.INSECURE,
                            List.of(words[2].split("; ", -1)),
                            Map.of());
                    forgetAnswers();
                }
                case "lower" -> account = account.withMinimum(Account.Minimum.PINNED);
                case "raise" -> account = account.withMinimum(Account.Minimum.CONFIDENTIAL);
                case "pin" -> account = offer.acceptedBy(account);
                case "unpin" -> account = account.withoutPin(scenario.host("mail"));
                case "remember" -> account = account.remembering(decision);
                case "account" -> {
                    others.put(account.name(), account);
                    account = others.getOrDefault(words[1], Account.named(words[1]))
                            .withMinimum(account.minimum());
                }
                default -> throw new IllegalArgumentException(before);
            }
        }

        /// What the client said to a server; a naive one may have been there, too.
        private List<FaultServer.Heard> heard(String server) {
            FaultServer each = laboratory.serverOf(scenario, server);
            return each == null
                    ? List.of()
                    : each.heard().stream()
                            .filter(heard -> !naivePorts.contains(heard.from()))
                            .toList();
        }

        /// No name, no password, no mail, on either side of TLS (R8314-58).
        private void assertNothingTold(String as) {
            for (String server : scenario.servers().keySet()) {
                assertThat(heard(server))
                        .as("%s at %s", as, server)
                        .allSatisfy(
                                heard -> assertThat(heard.line())
                                        .matches(
                                                "(a\\d+ )?(CAPABILITY|STARTTLS|LOGOUT)|CAPA|STLS|QUIT|EHLO \\[127\\.0\\.0\\.1\\]"));
            }
        }

        private boolean naiveLeaks(Scenario.Step step) {
            Map<String, Scenario.Box> servers = scenario.servers();
            String name = step.server() != null
                    ? step.server()
                    : servers.containsKey("mail")
                            ? "mail"
                            : servers.keySet().iterator().next();
            NaiveClient naive = new NaiveClient(PASSWORD);
            boolean leaks = naive.leaks(servers.get(name).service(), laboratory.port(scenario, name))
                    || (servers.containsKey("old") // better the old port than none
                            && naive.leaks(servers.get("old").service(), laboratory.port(scenario, "old")));
            naivePorts.addAll(naive.ports());
            return leaks;
        }
    }
}
