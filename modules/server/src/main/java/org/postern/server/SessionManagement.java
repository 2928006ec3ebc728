package org.postern.server;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
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
            case Request.Session.End(String id) -> {
                if (!listeners.endSession(id)) {
                    throw new RequestRefused("there is no session " + id);
                }
                yield new Answer.Ended(List.of(id));
            }
        };
    }

    private static Answer.Session answer(SessionInformation session) {
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
