-- Machines of pools that are made in a cloud: one row for each key of the blueprint's timeline, and how its life went.
create table node (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  pool_id uuid not null references pool on delete cascade,
  key text not null, -- m-large-1
  flavour text not null,
  -- wanted: asked for. creating: the cloud makes it. booted: it runs. joined: it is in the Swarm. ready: a container ran
  -- on it. draining: no new seats, those there end. drained: nothing runs on it, may be destroyed. gone: is destroyed.
  state text not null check (state in ('wanted', 'creating', 'booted', 'joined', 'ready', 'draining', 'drained', 'gone')),
  state_at timestamptz not null,
  server_id text, -- in the cloud
  swarm_id text, -- in the Swarm
  address text,
  tries int not null default 0, -- machines in a row that never joined
  replace boolean not null default false, -- the next run makes it anew
  message text, -- what keeps it from getting on, as a code
  unique (pool_id, key)
);
create index node_living on node (pool_id) where state <> 'gone';

create table node_phase (
  id uuid primary key,
  node_id uuid not null references node on delete cascade,
  state text not null,
  started_at timestamptz not null
);
create index node_phase_node on node_phase (node_id, started_at);

-- The token by which machines join: when one was last given out, and when those given out last stopped to be of use.
create table join_token (
  installation_id text primary key default current_setting('labplan.installation') references installation,
  handed_at timestamptz,
  rotated_at timestamptz
);
