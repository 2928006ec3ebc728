package org.postern.server;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.postern.session.Listeners;
import org.postern.session.SessionInformation;

/// Who is connected.
final class SessionManagement {
    private final Listeners listeners;

    SessionManagement(Listeners listeners) {
        this.listeners = listeners;
    }

    Answer execute(Request.Session request) {
        return switch (request) {
            case Request.Session.List() ->
                new Answer.Sessions(listeners.sessions().stream()
                        .sorted(Comparator.comparing(SessionInformation::started))
                        .map(SessionManagement::answer)
                        .toList());
            case Request.Session.End end -> new Answer.Ended(end(end));
        };
    }

    private List<String> end(Request.Session.End request) {
        List<Predicate<SessionInformation>> choices = new ArrayList<>();
        request.id().ifPresent(id -> choices.add(session -> session.id().equals(id)));
        request.account()
                .ifPresent(account -> choices.add(session ->
                        session.account().filter(account::equalsIgnoreCase).isPresent()));
        request.remote()
                .map(SessionManagement::address)
                .ifPresent(address -> choices.add(session -> session.remote().equals(address)));
        if (choices.size() != 1) {
            throw new RequestRefused("name one session, or an account, or an IP address");
        }
        List<String> ended = listeners.sessions().stream()
                .filter(choices.getFirst())
                .map(SessionInformation::id)
                .filter(listeners::endSession)
                .toList();
        if (ended.isEmpty() && request.id().isPresent()) {
            throw new RequestRefused("there is no session " + request.id().get());
        }
        return ended;
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new RequestRefused("'" + text + "' is no IPv4 or IPv6 address");
        }
    }

    static Answer.Session answer(SessionInformation session) {
        return new Answer.Session(
                session.id(),
                session.listener(),
                session.remote().getHostAddress(),
                session.started(),
                session.phase().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                session.tls().map(tls -> new Answer.Tls(tls.version(), tls.cipherSuite())),
                session.account());
    }
}
