-- Public keys of clients' certificates, registered for accounts: who has the private key may log in by SASL EXTERNAL.
create table client_key (
    account bigint not null,
    name varchar(64) not null,
    digest bytea not null,                             -- SHA-256 over the SubjectPublicKeyInfo
    created bigint not null,
    primary key (account, name)
);

create index client_key_digest on client_key (digest);
