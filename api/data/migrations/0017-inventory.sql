-- What exists beside what should: the last look at the Swarm, and what was off in it.

create table inventory (
  installation_id text primary key default current_setting('labplan.installation') references installation,
  looked_at timestamptz not null,
  counts json not null -- in this order: { service: { all, on }, volume: { all }, … }
);

-- One row as long as it is off; what is gone at the next look resolves itself.
create table finding (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  kind text not null check (kind in ('leaked', 'missing', 'altered', 'strange')),
  object text not null check (object in ('service', 'volume', 'secret', 'network', 'container')),
  name text not null,
  object_id text, -- in the engine's words; null for what is not there
  stack_key text,
  code text not null, -- why, of the message catalogue: finding.<code>
  params jsonb not null default '{}',
  repair text not null check (repair in ('run', 'remove', 'driver', 'wait', 'none')),
  first_seen_at timestamptz not null,
  seen_at timestamptz not null,
  looks int not null, -- one look may fall between two steps of a run: two make a finding
  repaired_at timestamptz, -- when the repair was last asked for
  resolved_at timestamptz
);
create unique index finding_open on finding (kind, object, name) where resolved_at is null;
create index finding_resolved on finding (resolved_at) where resolved_at is not null;
