package org.postern.nameserver;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.xbill.DNS.CDNSKEYRecord;
import org.xbill.DNS.CDSRecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;

/// A key of a zone and how far it has come.
///
/// @param octets the public key as a DNSKEY record has it
/// @param since when it came into its state, for people
/// @param counted the same in counted time ([ZoneClock]), for waits
/// @param remain how long after that it stays as it is at least, where its state alone does not say
record ZoneKey(
        Role role,
        State state,
        ZoneSettings.Algorithm algorithm,
        PrivateKey secret,
        byte[] octets,
        Instant since,
        Duration counted,
        Duration remain) {
    enum Role {
        /// everything
        CSK,
        /// the keys
        KSK,
        /// the records
        ZSK
    }

    enum State {
        /// signs the records, but is not in the DNSKEY set: of another algorithm than the zone had, which may not
        /// be there before every record that a cache can have is signed with it
        SIGNING,
        /// in the DNSKEY set, so that caches learn it; a KSK or CSK signs that set, too
        PUBLISHED,
        /// every cache may know it, the parent's DS record is waited for (KSK, CSK)
        READY,
        /// in use
        ACTIVE,
        /// not needed any more, but caches may hold what needs it
        RETIRED,
        /// of an algorithm that goes: in the DNSKEY set no more, but it signs the records as long as a cache may
        /// have that set with it
        WITHDRAWN
    }

    private static final int ZONE_KEY = 0x100; // RFC 4034 §2.1.1
    private static final int SECURE_ENTRY_POINT = 1;

    static ZoneKey make(
            Role role, State state, ZoneSettings.Algorithm algorithm, ZoneClock.Moment now, Duration remain) {
        try {
            KeyPair pair = switch (algorithm) {
                case ECDSA_P256 -> {
                    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
                    generator.initialize(new ECGenParameterSpec("secp256r1"));
                    yield generator.generateKeyPair();
                }
                case ED25519 -> KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            };
            byte[] octets = new DNSKEYRecord(
                            Name.root,
                            DClass.IN,
                            0,
                            ZONE_KEY,
                            DNSKEYRecord.Protocol.DNSSEC,
                            algorithm.number,
                            pair.getPublic())
                    .getKey();
            return new ZoneKey(role, state, algorithm, pair.getPrivate(), octets, now.wall(), now.counted(), remain);
        } catch (GeneralSecurityException | DNSSEC.DNSSECException e) {
            throw new IllegalStateException(e);
        }
    }

    static PrivateKey decode(ZoneSettings.Algorithm algorithm, byte[] pkcs8) throws GeneralSecurityException {
        String name = switch (algorithm) {
            case ECDSA_P256 -> "EC";
            case ED25519 -> "Ed25519";
        };
        return KeyFactory.getInstance(name).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    ZoneKey become(State next, ZoneClock.Moment now) {
        return new ZoneKey(role, next, algorithm, secret, octets, now.wall(), now.counted(), Duration.ZERO);
    }

    ZoneKey retire(ZoneClock.Moment now, Duration least) {
        return new ZoneKey(role, State.RETIRED, algorithm, secret, octets, now.wall(), now.counted(), least);
    }

    /// The same key for other things: where the parent has its DS record, it keeps it.
    ZoneKey as(Role other) {
        return new ZoneKey(other, state, algorithm, secret, octets, since, counted, remain);
    }

    /// As if it had come into its state just now.
    ZoneKey waitAnew(ZoneClock.Moment now) {
        return waitSince(now.counted());
    }

    /// As if it had come into its state then.
    ZoneKey waitSince(Duration then) {
        return new ZoneKey(role, state, algorithm, secret, octets, since, then, remain);
    }

    /// Whether it leaves its state by time alone.
    boolean waits() {
        return switch (state) {
            case SIGNING, PUBLISHED, RETIRED, WITHDRAWN -> true;
            case READY, ACTIVE -> false;
        };
    }

    /// How long it stays in its state at least.
    Duration wait(ZoneSettings.Timing timing) {
        return switch (state) {
            case PUBLISHED, WITHDRAWN -> timing.known();
            case SIGNING, RETIRED -> remain;
            case READY, ACTIVE -> Duration.ZERO;
        };
    }

    /// Whether it has. By counted time: a clock that is set shortens no wait.
    boolean hasWaited(ZoneSettings.Timing timing, ZoneClock.Moment now) {
        return now.counted().compareTo(counted.plus(wait(timing))) >= 0;
    }

    /// Whether it is one that the parent has, or may have, a DS record of while the zone is steady.
    boolean isEstablished() {
        return isEntryPoint() && (state == State.READY || state == State.ACTIVE);
    }

    /// Whether it is in the DNSKEY set.
    boolean isInKeySet() {
        return switch (state) {
            case PUBLISHED, READY, ACTIVE, RETIRED -> true;
            case SIGNING, WITHDRAWN -> false;
        };
    }

    /// Whether the parent has, or is to have, a DS record of it.
    boolean isEntryPoint() {
        return switch (role) {
            case CSK, KSK -> true;
            case ZSK -> false;
        };
    }

    DNSKEYRecord record(Name origin, long timeToLive) {
        return new DNSKEYRecord(
                origin,
                DClass.IN,
                timeToLive,
                isEntryPoint() ? ZONE_KEY | SECURE_ENTRY_POINT : ZONE_KEY,
                DNSKEYRecord.Protocol.DNSSEC,
                algorithm.number,
                octets);
    }

    int tag(Name origin) {
        return record(origin, 0).getFootprint();
    }

    DSRecord delegation(Name origin, long timeToLive) {
        // RFC 8624 §3.3: SHA-256 is the one that everybody has
        return new DSRecord(origin, DClass.IN, timeToLive, DNSSEC.Digest.SHA256, record(origin, timeToLive));
    }

    /// RFC 7344 §3.1: what the child would like to see as DS record.
    Record childDelegation(Name origin, long timeToLive) {
        DSRecord wish = delegation(origin, timeToLive);
        return new CDSRecord(
                origin,
                DClass.IN,
                timeToLive,
                wish.getFootprint(),
                wish.getAlgorithm(),
                wish.getDigestID(),
                wish.getDigest());
    }

    Record childKey(Name origin, long timeToLive) {
        DNSKEYRecord key = record(origin, timeToLive);
        return new CDNSKEYRecord(
                origin, DClass.IN, timeToLive, key.getFlags(), key.getProtocol(), key.getAlgorithm(), key.getKey());
    }

    RRSIGRecord sign(RRset set, Name origin, Instant from, Instant until) {
        try {
            return DNSSEC.sign(set, record(origin, 0), secret, from, until);
        } catch (DNSSEC.DNSSECException e) {
            throw new IllegalStateException(
                    "cannot sign " + set.getName() + " of " + origin + ": " + e.getMessage(), e);
        }
    }

    boolean same(ZoneKey other) {
        return role == other.role && sameRecord(other);
    }

    /// Whatever it is there for.
    boolean sameRecord(ZoneKey other) {
        return algorithm == other.algorithm && Arrays.equals(octets, other.octets);
    }

    /// Without the secret.
    @Override
    public String toString() {
        return role + " " + state + " since " + since;
    }
}
