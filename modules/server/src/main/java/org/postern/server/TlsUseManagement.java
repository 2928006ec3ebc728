package org.postern.server;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.postern.session.SessionInformation;
import org.postern.store.Accounts;
import org.postern.store.TlsInventory;
import org.postern.store.TlsUse;

/// Who is reached how: what an operator asks before something old is switched off.
final class TlsUseManagement {
    private final Accounts accounts;
    private final TlsInventory inventory;

    TlsUseManagement(Accounts accounts, TlsInventory inventory) {
        this.accounts = accounts;
        this.inventory = inventory;
    }

    Answer answer(Request.Account.Tls request, List<SessionInformation> live) {
        LocalDate since = LocalDate.now(ZoneOffset.UTC).minusDays(Math.max(request.days(), 1) - 1L);
        List<Answer.TlsUse> uses = TlsUseRecords.all(inventory, live).stream()
                .filter(use -> !use.lastDay().isBefore(since))
                .filter(name(request.name()))
                .map(TlsUseManagement::answer)
                .filter(use -> matches(request.service(), use.service())
                        && matches(request.version(), use.version())
                        && matches(request.mechanism(), use.mechanism())
                        && !(request.startTls() && use.security().equals("implicit-tls"))
                        && !(request.noServerName() && use.sni()))
                .toList();
        return new Answer.TlsUses(
                since,
                uses.stream().map(Answer.TlsUse::address).distinct().count(),
                counts(uses),
                request.summary() ? List.of() : uses);
    }

    private Predicate<TlsUse> name(Optional<String> name) {
        if (name.isEmpty()) {
            return _ -> true;
        }
        if (name.get().contains("@")) {
            String address = AccountManagement.require(accounts, name.get()).address();
            return use -> use.address().equals(address);
        }
        String domain = "@"
                + accounts.domain(name.get())
                        .orElseThrow(() -> new RequestRefused("there is no account and no domain " + name.get()))
                        .name();
        return use -> use.address().endsWith(domain);
    }

    private static boolean matches(Optional<String> wanted, String value) {
        return wanted.isEmpty() || wanted.get().equalsIgnoreCase(value);
    }

    private static Answer.TlsUse answer(TlsUse use) {
        return new Answer.TlsUse(
                use.address(),
                use.way().service(),
                use.way().implicit() ? "implicit-tls" : "starttls",
                use.way().version(),
                use.way().cipherSuite(),
                use.way().serverName(),
                use.way().mechanism(),
                Optional.of(use.way().client()).filter(client -> !client.isEmpty()),
                use.firstDay(),
                use.lastDay(),
                use.sessions());
    }

    private static List<Answer.TlsCount> counts(List<Answer.TlsUse> uses) {
        List<Answer.TlsCount> counts = new ArrayList<>();
        counts.addAll(counts("service", uses, Answer.TlsUse::service));
        counts.addAll(counts("security", uses, Answer.TlsUse::security));
        counts.addAll(counts("version", uses, Answer.TlsUse::version));
        counts.addAll(counts("suite", uses, Answer.TlsUse::suite));
        counts.addAll(counts("sni", uses, use -> use.sni() ? "yes" : "no"));
        counts.addAll(counts("mechanism", uses, Answer.TlsUse::mechanism));
        counts.addAll(counts("client", uses, use -> use.client().orElse("")));
        return counts;
    }

    private static final class Tally {
        final Set<String> accounts = new HashSet<>();
        long sessions;
        LocalDate last = LocalDate.MIN;
    }

    private static List<Answer.TlsCount> counts(
            String property, List<Answer.TlsUse> uses, Function<Answer.TlsUse, String> value) {
        Map<String, Tally> tallies = new TreeMap<>();
        for (Answer.TlsUse use : uses) {
            Tally tally = tallies.computeIfAbsent(value.apply(use), _ -> new Tally());
            tally.accounts.add(use.address());
            tally.sessions += use.sessions();
            tally.last = tally.last.isBefore(use.last()) ? use.last() : tally.last;
        }
        tallies.remove(""); // said nothing
        return tallies.entrySet().stream()
                .map(each -> new Answer.TlsCount(
                        property,
                        each.getKey(),
                        each.getValue().accounts.size(),
                        each.getValue().sessions,
                        each.getValue().last))
                .sorted(Comparator.comparingLong(Answer.TlsCount::accounts).reversed())
                .toList();
    }
}
