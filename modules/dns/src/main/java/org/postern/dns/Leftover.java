package org.postern.dns;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A set of which nothing is wanted any more, and something may be left.
///
/// @param data of the records that may be left of it, as in [RecordSet]; empty where none of any kind should be there
public record Leftover(RecordSet.Key key, Set<String> data) {
    public Leftover {
        data = Set.copyOf(data);
    }

    /// What of a set that was found is left of it.
    Optional<RecordSet> of(RecordSet found) {
        List<String> left = found.data().stream()
                .filter(each -> data.isEmpty() || data.contains(each))
                .toList();
        return left.isEmpty()
                ? Optional.empty()
                : Optional.of(new RecordSet(found.owner(), found.type(), found.timeToLive(), left));
    }
}
