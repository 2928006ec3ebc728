-- What an account submits is also put into its \Sent mailbox, where the account wants it.
alter table account add column sent_copy boolean default false not null;
