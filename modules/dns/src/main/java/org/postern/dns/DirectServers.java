package org.postern.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Message;

/// Finds the servers of a zone by its NS records, or is told of them, and asks all of them at once.
public final class DirectServers implements AuthoritativeServers {
    private static final Logger LOG = LoggerFactory.getLogger(DirectServers.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Questions questions;
    private final Map<DomainName, List<InetSocketAddress>> named;

    /// @param upstreams resolvers, asked which servers a zone has
    /// @param named zones whose servers are these and no others, in place of their NS records:
    ///     for a primary that is hidden, or another port
    public DirectServers(List<Upstream> upstreams, Map<DomainName, List<InetSocketAddress>> named) {
        this.questions = new Questions(upstreams, PATIENCE);
        this.named = Map.copyOf(named);
    }

    @Override
    public List<ServerAnswer> ask(DomainName owner, RecordType type) {
        // RFC 4035 §3.1.4.1: a DS record is in the zone above
        DomainName side = type == RecordType.DS && !owner.isRoot() ? Questions.parent(owner) : owner;
        return askAll(side, server -> {
            try {
                Message answer = questions.ask(server, owner, Wire.number(type));
                return new ServerAnswer(server.toString(), Wire.answer(answer, owner, type), Optional.empty());
            } catch (IOException e) {
                return new ServerAnswer(server.toString(), Optional.empty(), Optional.of(Questions.reason(e)));
            }
        });
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
