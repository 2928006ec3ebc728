package org.postern.dns;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.postern.dns.AuthoritativeServers.ServerAnswer;

/// One set that is not published as it is wanted.
///
/// @param wanted empty where nothing should be there
/// @param found what these servers have instead; empty where they have nothing
/// @param servers that have it so
public record RecordDifference(
        RecordSet.Key key, Optional<RecordSet> wanted, Optional<RecordSet> found, List<String> servers) {
    public RecordDifference {
        servers = List.copyOf(servers);
    }

    /// Whether only the time to live differs.
    public boolean ofTimeToLiveAlone() {
        return wanted.isPresent() && found.isPresent() && wanted.get().saysTheSameAs(found.get());
    }

    /// In words, without owner and type.
    public String text() {
        String who = String.join(", ", servers);
        if (found.isEmpty()) {
            return "is missing at " + who;
        }
        String there = String.join("; ", found.get().data());
        if (wanted.isEmpty()) {
            return "is still there at " + who + ", and should not be: " + there;
        }
        return ofTimeToLiveAlone()
                ? "lives for " + found.get().timeToLive().toSeconds() + " s at " + who + ", wanted are "
                        + wanted.get().timeToLive().toSeconds() + " s"
                : "is at " + who + ": " + there + "; wanted is: "
                        + String.join("; ", wanted.get().data());
    }

    /// What all servers of all zones say, held against what is wanted.
    ///
    /// @param failures servers that gave no answer, and names whose servers are not found, one line each
    public record Comparison(List<RecordDifference> differences, List<String> failures) {
        public Comparison {
            differences = List.copyOf(differences);
            failures = List.copyOf(failures);
        }

        /// True where every server has been asked and has what is wanted.
        public boolean same() {
            return differences.isEmpty() && failures.isEmpty();
        }
    }

    /// Asks for all of the wanted sets, and for those that should not be there. Blocking.
    ///
    /// @param unwanted where something may be left; of TXT sets only their data is looked for
    public static Comparison compare(List<RecordSet> wanted, List<Leftover> unwanted, AuthoritativeServers servers) {
        Map<RecordSet.Key, Optional<RecordSet>> asked = new LinkedHashMap<>();
        Map<RecordSet.Key, Function<RecordSet, Optional<RecordSet>>> ours = new HashMap<>();
        wanted.forEach(set -> {
            asked.put(set.key(), Optional.of(set));
            ours.put(set.key(), found -> Neighbours.concerning(set, found));
        });
        unwanted.forEach(left -> {
            asked.putIfAbsent(left.key(), Optional.empty());
            ours.putIfAbsent(left.key(), left::of);
        });
        List<RecordDifference> differences = new ArrayList<>();
        Map<String, String> failures = new LinkedHashMap<>();
        asked.forEach((key, want) -> {
            Map<Optional<RecordSet>, List<String>> by = new LinkedHashMap<>();
            List<ServerAnswer> answers = servers.ask(key.owner(), key.type());
            if (answers.isEmpty()) {
                failures.putIfAbsent(key.owner().text(), "the name servers of " + key.owner() + " cannot be found");
            }
            for (ServerAnswer answer : answers) {
                if (answer.failure().isPresent()) {
                    failures.putIfAbsent(
                            answer.server(),
                            answer.server() + ": " + answer.failure().get());
                } else {
                    Optional<RecordSet> found = answer.found().flatMap(ours.getOrDefault(key, Optional::of));
                    by.computeIfAbsent(found, _ -> new ArrayList<>()).add(answer.server());
                }
            }
            by.forEach((found, who) -> {
                if (!found.equals(want)) {
                    differences.add(new RecordDifference(key, want, found, who));
                }
            });
        });
        return new Comparison(differences, List.copyOf(failures.values()));
    }
}
