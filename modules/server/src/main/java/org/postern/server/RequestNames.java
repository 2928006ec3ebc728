package org.postern.server;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The name of each [Request] on the control socket and in the audit log: the names of its types below `Request` as an
/// operator types them, `app-password add` for `Request.AppPassword.Add`.
final class RequestNames {
    private static final Map<String, Class<? extends Request>> BY_NAME = new LinkedHashMap<>();

    static {
        collect(Request.class, "");
    }

    private RequestNames() {}

    private static void collect(Class<?> type, String name) {
        if (type.isRecord()) {
            BY_NAME.put(name, type.asSubclass(Request.class));
            return;
        }
        for (Class<?> permitted : type.getPermittedSubclasses()) {
            collect(permitted, (name + " " + word(permitted)).strip());
        }
    }

    /// `AppPassword` is `app-password`.
    private static String word(Class<?> type) {
        return type.getSimpleName().replaceAll("(?<=.)(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }

    static String of(Request request) {
        Class<?> type = request.getClass();
        Class<?> family = type.getEnclosingClass();
        return family == Request.class || family == null ? word(type) : word(family) + " " + word(type);
    }

    static Optional<Class<? extends Request>> type(String name) {
        return Optional.ofNullable(BY_NAME.get(name));
    }

    static Map<String, Class<? extends Request>> all() {
        return Map.copyOf(BY_NAME);
    }
}
