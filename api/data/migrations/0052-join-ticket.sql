-- A machine that somebody wants to join a pool by one pasted line: its ticket, and how far it has come.
create table join_ticket (
  id uuid primary key, -- its engine carries it as a label: no secret
  installation_id text not null default current_setting('labplan.installation') references installation,
  pool_id uuid not null references pool on delete cascade,
  token_hash bytea not null unique,
  -- issued: the line was shown. called: a machine waits for what it joins with. handed: it has got it. joined: it is in the
  -- Swarm. ready: a container ran on it. lapsed: its time was over first.
  state text not null check (state in ('issued', 'called', 'handed', 'joined', 'ready', 'lapsed')),
  state_at timestamptz not null,
  expires_at timestamptz not null,
  issued_by text not null, -- a pseudonym
  issued_by_role text not null,
  -- How it joins, sealed by the worker for the moments until the machine has it.
  key_id text,
  sealed bytea,
  message text, -- why it cannot join, as a code
  swarm_id text, -- in the Swarm
  planned_at timestamptz, -- when it was proposed to count it among the pool's machines
  check ((key_id is null) = (sealed is null)),
  check (sealed is null or state = 'called')
);
create index join_ticket_open on join_ticket (state) where state not in ('ready', 'lapsed');
