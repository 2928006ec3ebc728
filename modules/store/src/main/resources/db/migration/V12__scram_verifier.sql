-- SCRAM verifiers for other hashes than SHA-256, which has its columns in account: salt and iterations are those.
create table scram_verifier (
    account bigint not null,
    hash varchar(16) not null,                         -- SHA_1, SHA_512
    stored_key bytea not null,
    server_key bytea not null,
    primary key (account, hash)
);
