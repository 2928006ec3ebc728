package org.postern.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Message;

/// Finds the servers of a zone by its NS records, or is told of them, and asks all of them at once.
public final class DirectServers implements AuthoritativeServers {
    private static final Logger LOG = LoggerFactory.getLogger(DirectServers.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MOST_STEPS = 8; // from alias to alias

    private final Questions questions;
    private final Map<DomainName, List<InetSocketAddress>> named;

    /// @param upstreams resolvers, asked which servers a zone has
    /// @param named zones whose servers are these and no others, in place of their NS records:
    ///     for a primary that is hidden, or another port
    public DirectServers(List<Upstream> upstreams, Map<DomainName, List<InetSocketAddress>> named) {
        this.questions = new Questions(upstreams, PATIENCE);
        this.named = Map.copyOf(named);
    }

    /// What one server has.
    ///
    /// @param alias where a CNAME record leads, when it was not asked for
    private record Found(ServerAnswer answer, Optional<RecordSet> alias) {}

    @Override
    public List<ServerAnswer> ask(DomainName owner, RecordType type) {
        return type == RecordType.TLSA ? follow(owner, type, owner, Duration.ZERO, 0) : one(owner, type);
    }

    private List<ServerAnswer> one(DomainName owner, RecordType type) {
        return find(owner, type).stream().map(Found::answer).toList();
    }

    private List<Found> find(DomainName owner, RecordType type) {
        // RFC 4035 §3.1.4.1: a DS record is in the zone above
        DomainName side = type == RecordType.DS && !owner.isRoot() ? Questions.parent(owner) : owner;
        return askAll(side, server -> {
            try {
                Message answer = questions.ask(server, owner, Wire.number(type));
                return new Found(
                        new ServerAnswer(server.toString(), Wire.answer(answer, owner, type), Optional.empty()),
                        Wire.answer(answer, owner, RecordType.CNAME));
            } catch (IOException e) {
                return new Found(
                        new ServerAnswer(server.toString(), Optional.empty(), Optional.of(Questions.reason(e))),
                        Optional.empty());
            }
        });
    }

    /// @param asked where it began
    /// @param longest time to live of the aliases that led to `owner`
    /// @param steps that were gone
    private List<ServerAnswer> follow(
            DomainName asked, RecordType type, DomainName owner, Duration longest, int steps) {
        List<ServerAnswer> answers = new ArrayList<>();
        Map<DomainName, List<Found>> ends = new LinkedHashMap<>();
        for (Found found : find(owner, type)) {
            if (found.alias().isPresent()) {
                DomainName end = new DomainName(found.alias().get().data().getFirst());
                ends.computeIfAbsent(end, _ -> new ArrayList<>()).add(found);
            } else {
                answers.add(new ServerAnswer(
                        found.answer().server(),
                        found.answer()
                                .found()
                                .map(set -> new RecordSet(asked, type, longer(longest, set.timeToLive()), set.data())),
                        found.answer().failure()));
            }
        }
        ends.forEach((end, aliases) -> {
            String servers =
                    aliases.stream().map(each -> each.answer().server()).collect(Collectors.joining(", "));
            if (steps == MOST_STEPS) {
                answers.add(failed(servers, "has more aliases in a row than anybody follows, at " + owner));
                return;
            }
            Duration time = aliases.stream()
                    .flatMap(each -> each.alias().stream())
                    .map(RecordSet::timeToLive)
                    .reduce(longest, DirectServers::longer);
            List<ServerAnswer> behind = follow(asked, type, end, time, steps + 1);
            if (behind.isEmpty()) {
                answers.add(
                        failed(servers, "leads from " + owner + " to " + end + ", whose name servers cannot be found"));
            }
            behind.forEach(each -> answers.add(new ServerAnswer(
                    each.server() + " (" + end + ", alias at " + servers + ")", each.found(), each.failure())));
        });
        return answers;
    }

    private static ServerAnswer failed(String server, String reason) {
        return new ServerAnswer(server, Optional.empty(), Optional.of(reason));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }

    /// Whether the servers of a zone lead on to one below it; empty where that is not known. One that does not yet says
    /// that clients are not led there.
    public Optional<Boolean> delegates(DomainName above, DomainName below) {
        List<Optional<Boolean>> answers = askAll(above, server -> {
            try {
                return Optional.of(questions.leadsTo(server, below));
            } catch (IOException e) {
                LOG.debug("{} does not say whether it delegates {}", server, below, e);
                return Optional.empty();
            }
        });
        if (answers.contains(Optional.of(false))) {
            return Optional.of(false);
        }
        return answers.isEmpty() || answers.contains(Optional.<Boolean>empty()) ? Optional.empty() : Optional.of(true);
    }

    Questions questions() {
        return questions;
    }

    /// One answer of each server of the zone that a name is in.
    <T> List<T> askAll(DomainName owner, Function<Questions.NameServer, T> question) {
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<CompletableFuture<T>> answers = servers(owner).stream()
                    .map(server -> CompletableFuture.supplyAsync(() -> question.apply(server), executor))
                    .toList();
            return answers.stream().map(CompletableFuture::join).toList();
        }
    }

    private List<Questions.NameServer> servers(DomainName owner) {
        Optional<Map.Entry<DomainName, List<InetSocketAddress>>> told = named.entrySet().stream()
                .filter(each -> owner.isWithin(each.getKey()))
                .max(Comparator.comparingInt(each -> each.getKey().text().length()));
        if (told.isPresent()) {
            return told.get().getValue().stream()
                    .map(address -> new Questions.NameServer("", address))
                    .toList();
        }
        try {
            return questions.serversOf(questions.zoneOf(owner));
        } catch (IOException e) {
            LOG.debug("the name servers of {} cannot be found", owner, e);
            return List.of();
        }
    }
}
