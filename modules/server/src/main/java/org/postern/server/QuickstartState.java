package org.postern.server;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AppPassword;
import org.postern.files.DurableFile;

/// What a quickstart directory remembers from one start to the next: its domain, and the accounts with
/// their passwords. Kept in `quickstart.properties` (0600) because the store has hashes only.
final class QuickstartState {
    private static final String FILE = "quickstart.properties";
    private final Path file;
    private final Map<String, String> passwords = new LinkedHashMap<>(); // by local part
    private @Nullable String domain;

    private QuickstartState(Path file) {
        this.file = file;
    }

    static QuickstartState read(Path directory) {
        var state = new QuickstartState(directory.resolve(FILE));
        if (Files.exists(state.file)) {
            var properties = new Properties();
            try (Reader text = Files.newBufferedReader(state.file)) {
                properties.load(text);
            } catch (IOException e) {
                throw new StartException("cannot read " + state.file + ": " + e.getMessage(), e);
            }
            state.domain = properties.getProperty("domain");
            for (String name : properties.getProperty("accounts", "").split(",", -1)) {
                if (!name.isEmpty()) {
                    state.passwords.put(name, properties.getProperty("password." + name, ""));
                }
            }
        }
        return state;
    }

    @Nullable
    String domain() {
        return domain;
    }

    List<String> accounts() {
        return List.copyOf(passwords.keySet());
    }

    /// The domain is decided once.
    void decide(String chosen) {
        domain = chosen;
    }

    /// An account's password, made up at its first use.
    String password(String account) {
        return passwords.computeIfAbsent(account, name -> AppPassword.generate());
    }

    void write() {
        var properties = new Properties();
        properties.setProperty("domain", String.valueOf(domain));
        properties.setProperty("accounts", String.join(",", passwords.keySet()));
        passwords.forEach((name, password) -> properties.setProperty("password." + name, password));
        var text = new StringWriter();
        try {
            properties.store(text, "What postern quickstart remembers. The passwords are those of the accounts.");
            DurableFile.replace(file, text.toString());
        } catch (IOException e) {
            throw new StartException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
