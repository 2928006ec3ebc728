package org.postern.recordgroups;

import java.util.Optional;
import java.util.regex.Pattern;
import org.postern.dns.RecordSet;

/// A record set of a group, and whether what it leads to answers.
///
/// @param set as it ought to be; empty where that is not known yet
/// @param obstacle why it must not be published yet, in words; empty where nothing is in the way
public record Prospect(RecordGroup group, RecordSet.Key key, Optional<RecordSet> set, Optional<String> obstacle) {
    private static final int MOST_SHOWN = 500; // characters
    /// Controls, line ends, and what turns the direction of writing.
    private static final Pattern NOT_SHOWN = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]");

    public Prospect {
        if (set.isEmpty() && obstacle.isEmpty()) {
            throw new IllegalArgumentException("nothing is known of " + key);
        }
        obstacle = obstacle.map(Prospect::shown);
    }

    /// What others' servers said may be part of it: for people to read, on one line.
    private static String shown(String text) {
        String shown = NOT_SHOWN.matcher(text).replaceAll("?");
        return shown.length() <= MOST_SHOWN ? shown : shown.substring(0, MOST_SHOWN) + "…";
    }

    static Prospect of(RecordGroup group, RecordSet set, Optional<String> obstacle) {
        return new Prospect(group, set.key(), Optional.of(set), obstacle);
    }

    static Prospect unknown(RecordGroup group, RecordSet.Key key, String obstacle) {
        return new Prospect(group, key, Optional.empty(), Optional.of(obstacle));
    }

    /// The set, where it may be published.
    public Optional<RecordSet> ready() {
        return obstacle.isEmpty() ? set : Optional.empty();
    }
}
