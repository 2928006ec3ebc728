-- How accounts are reached: a row for each account and way of reaching it, with the days on which it was first and last
-- used. Personal data: rows go 90 days after their last day, and with the account.
create table tls_use (
    account bigint not null,
    way_digest bytea not null,                         -- SHA-256 over the way: together it is too long for an index
    service varchar(32) not null,                      -- the listener's, as imaps
    implicit_tls boolean not null,                     -- false: STARTTLS
    version varchar(16) not null,
    cipher_suite varchar(64) not null,
    server_name boolean not null,                      -- whether the client said by SNI whom it wants
    mechanism varchar(32) not null,
    client varchar(128) not null,                      -- as it calls itself (IMAP ID); empty where it does not
    first_day bigint not null,                         -- days since 1970-01-01, UTC
    last_day bigint not null,
    sessions bigint not null,
    primary key (account, way_digest)
);

create index tls_use_last on tls_use (last_day);
