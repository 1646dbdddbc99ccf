-- How the cloud of a pool is entered, sealed under the key ring.
create table pool_credential (
  pool_id uuid primary key references pool on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  key_id text not null,
  content bytea not null,
  set_at timestamptz not null
);
