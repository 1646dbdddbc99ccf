-- Several regions in a pool: where a machine is, and which regions refuse.
alter table node add column region text; -- where that is another than its size's first

create table region_refusal (
  pool_id uuid not null references pool on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  region text not null,
  code text not null, -- why, of the catalogue under cloud.trouble.
  message text not null, -- what the cloud said
  since_at timestamptz not null,
  until_at timestamptz not null, -- tried again then, if nobody has seen before that it is well
  primary key (pool_id, region)
);
