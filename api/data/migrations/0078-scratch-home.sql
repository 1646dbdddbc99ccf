-- Seats that begin while their storage is away: their teacher's choice, and what has to be brought home afterwards.

create table scratch_choice (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  session_id uuid not null references session,
  outage_id uuid not null references storage_outage,
  chosen_at timestamptz not null,
  undone_at timestamptz, -- null while it holds
  unique (session_id, outage_id)
);

-- A node where a seat began on a scratch home. It is here before its student has a way in, and until nothing is left there.
create table scratch_home (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  seat_id uuid not null references seat,
  generation int not null, -- of the volume that it is brought to
  node_id text not null, -- of the Swarm
  template_digest text not null references seat_template, -- what the seat was made of
  folder text not null, -- where its files come to
  -- open: files may be written; merging: they are being copied; merged: all are on the volume's disk; cleared: nothing is left there
  state text not null check (state in ('open', 'merging', 'merged', 'cleared')),
  state_at timestamptz not null,
  -- what came of it; null while it is not merged
  result text check (result in ('folder', 'home', 'nothing', 'discarded')),
  merged_at timestamptz,
  -- why it could not be merged so far; a seat does not wait for what has one
  trouble text check (trouble in ('node-away', 'no-room', 'cannot')),
  retry_at timestamptz,
  created_at timestamptz not null,
  check ((merged_at is null) = (result is null)),
  check (state in ('open', 'merging') or merged_at is not null)
);
create unique index scratch_home_open on scratch_home (seat_id, generation, node_id) where state <> 'cleared';
create index scratch_home_seat on scratch_home (seat_id, generation);
