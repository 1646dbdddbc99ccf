-- The ground: who is who, what was approved, what exists, who acts on it.
-- House rules: singular names, uuid v7 ids made by us, no default clock (every instant is an argument),
-- installation and zone from the first day, secrets sealed with the id of the key that sealed them.

create table installation (
  id text primary key check (id ~ '^[a-z0-9]{8}$'),
  created_at timestamptz not null
);

create table zone (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  key text not null unique,
  name text not null,
  time_zone text not null,
  locale text not null check (locale in ('en', 'fr')),
  created_at timestamptz not null
);

-- LMS platforms (issuer + client id), their deployments, and what activities there point at.
create table platform (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  issuer text not null,
  client_id text not null,
  name text not null,
  state text not null check (state in ('pending', 'active', 'disabled')),
  state_at timestamptz not null,
  created_at timestamptz not null,
  unique (issuer, client_id)
);

create table deployment (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  platform_id uuid not null references platform,
  deployment_id text not null,
  state text not null check (state in ('pending', 'active', 'disabled')),
  state_at timestamptz not null,
  created_at timestamptz not null,
  unique (platform_id, deployment_id)
);

-- People are keyed by (platform, sub), never by e-mail. Infrastructure, Git, logs and audit see the pseudonym only.
create table person (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  platform_id uuid references platform,
  sub text,
  pseudonym text not null unique,
  display_name text,
  email text,
  locale text not null default 'en' check (locale in ('en', 'fr')),
  administrator boolean not null default false,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  erased_at timestamptz,
  check ((platform_id is null) = (sub is null)),
  unique (platform_id, sub)
);

create table course (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  key text not null,
  code text not null unique check (code ~ '^[a-z0-9]{8}$'), -- course8: the name infrastructure knows
  state text not null check (state in ('draft', 'test', 'ready', 'archived')),
  state_at timestamptz not null,
  document text not null, -- the approved course.yaml, as people wrote it
  created_at timestamptz not null,
  unique (zone_id, key)
);

create table lms_context (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  platform_id uuid not null references platform,
  context_id text not null,
  label text,
  title text,
  roster_url text,
  created_at timestamptz not null,
  unique (platform_id, context_id)
);

create table lms_resource (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  lms_context_id uuid not null references lms_context,
  deployment_id uuid not null references deployment,
  resource_link_id text not null,
  course_id uuid references course,
  line_item_url text,
  created_at timestamptz not null,
  unique (lms_context_id, deployment_id, resource_link_id)
);

-- A role holds in one LMS course only.
create table membership (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  person_id uuid not null references person,
  lms_context_id uuid not null references lms_context,
  role text not null check (role in ('student', 'teacher')),
  edits_plans boolean not null default false,
  seen_at timestamptz not null,
  unique (person_id, lms_context_id)
);

-- A login is a browser's; a session is a class.
create table login (
  token_hash bytea primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  person_id uuid not null references person,
  lms_context_id uuid references lms_context,
  course_id uuid references course,
  csrf text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);

create table login_code (
  code_hash bytea primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  purpose text not null check (purpose in ('launch', 'invite')),
  person_id uuid references person, -- an invite has none until somebody takes it
  lms_context_id uuid references lms_context,
  course_id uuid references course,
  return_path text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- What should exist: approved documents. Never updated but for the approval itself.
create table blueprint (
  digest text primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  parent_digest text references blueprint,
  bytes bytea not null,
  created_at timestamptz not null,
  approved_at timestamptz,
  approved_by_role text
);

create table blueprint_head (
  installation_id text primary key default current_setting('labplan.installation') references installation,
  digest text not null references blueprint,
  version int not null,
  moved_at timestamptz not null
);

create table change (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  title text not null,
  parent_digest text references blueprint,
  blueprint_digest text not null references blueprint,
  documents jsonb not null, -- [{ kind, key, text }] proposed by this change
  notes jsonb not null,
  lane text not null check (lane in ('automatic', 'review', 'deny')),
  state text not null check (state in ('proposed', 'approved', 'rejected', 'superseded')),
  state_at timestamptz not null,
  message text,
  created_at timestamptz not null
);

-- Pool, policy, zone and environment documents as people wrote them.
create table document (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  kind text not null check (kind in ('Pool', 'Policy', 'Zone', 'Environment')),
  key text not null,
  text text not null,
  updated_at timestamptz not null,
  unique (zone_id, kind, key)
);

create table pool (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  key text not null unique,
  created_at timestamptz not null
);

-- One occurrence of a class, derived from the approved blueprint; its own state is what happened to it.
create table session (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  course_id uuid not null references course,
  pool_id uuid not null references pool,
  key text not null unique,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  opens_at timestamptz not null,
  lead_starts_at timestamptz not null,
  grace_ends_at timestamptz not null,
  students int not null check (students > 0),
  at_once int not null check (at_once > 0),
  state text not null check (state in ('planned', 'preparing', 'ready', 'open', 'ended', 'closed', 'cancelled')),
  state_at timestamptz not null,
  ready_at timestamptz,
  message_code text,
  message_params jsonb not null default '{}'
);
create index session_course_time on session (course_id, starts_at);

-- One Terraform state.
create table stack (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  key text not null unique,
  kind text not null check (kind in ('base', 'nodes', 'volumes', 'seats')),
  pool_id uuid not null references pool,
  course_id uuid references course,
  state text not null check (state in ('absent', 'applying', 'applied', 'destroying', 'failed', 'needs_reconcile')),
  state_at timestamptz not null,
  wanted_digest text, -- digest of the content it should have; null: it should not exist
  applied_digest text, -- digest of the content last applied in full; null: nothing exists
  failures int not null default 0,
  retry_at timestamptz,
  lease_owner text,
  lease_token bytea, -- sha-256 of the fencing token, which is also the state password of the run
  lease_until timestamptz,
  message text
);

-- One Terraform plan, apply or destroy of one stack.
create table run (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  stack_id uuid not null references stack,
  kind text not null check (kind in ('plan', 'apply', 'destroy')),
  blueprint_digest text references blueprint,
  content_digest text,
  plan_digest text unique, -- set before apply: a plan is used once
  state text not null check (state in ('preparing', 'planning', 'planned', 'applying', 'applied', 'held', 'failed', 'cancelled', 'needs_reconcile')),
  state_at timestamptz not null,
  worker text not null,
  summary jsonb,
  message text,
  created_at timestamptz not null,
  ended_at timestamptz
);
create index run_stack on run (stack_id, created_at desc);

create table run_phase (
  run_id uuid not null references run on delete cascade,
  state text not null,
  started_at timestamptz not null,
  primary key (run_id, state)
);

create table seat (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  course_id uuid not null references course,
  pool_id uuid not null references pool,
  number int not null check (number > 0),
  generation int not null default 1 check (generation > 0),
  -- absent: no service. cold: service with 0 replicas. Only ready has been probed on every required port.
  state text not null check (state in ('absent', 'cold', 'starting', 'ready', 'stopping', 'failed')),
  state_at timestamptz not null,
  wanted_on boolean not null default false,
  wanted_start int not null default 0, -- raised by restart: the running task must be younger
  started int not null default 0, -- the wanted_start the current task answers to
  held boolean not null default false, -- a run is changing it: nobody may scale it
  service_id text,
  task_id text,
  node_address text,
  identity_port int,
  message_code text,
  message_params jsonb not null default '{}',
  credential_key_id text not null,
  credential bytea not null, -- sealed { login, password }
  volume_kept_until timestamptz,
  unique (course_id, number)
);
create index seat_free on seat (course_id, state, number);

-- One host name per seat and port: unguessable, new at each generation.
create table seat_port (
  seat_id uuid not null references seat on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  container_port int not null,
  name text not null,
  kind text not null check (kind in ('web', 'ssh', 'vnc', 'tcp')),
  host_label text not null unique check (host_label ~ '^[a-z2-7]{26}$'),
  published_port int, -- IPv4, of the current task; null while it does not run
  primary key (seat_id, container_port)
);

create table workspace (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  course_id uuid not null references course,
  person_id uuid not null references person,
  seat_id uuid unique references seat, -- null: the allowance holds no number yet
  session_id uuid references session,
  -- queued waits for a place; starting, ready, resetting and stopping hold one.
  state text not null check (state in ('closed', 'queued', 'starting', 'ready', 'resetting', 'stopping', 'stopped', 'failed')),
  state_at timestamptz not null,
  queued_at timestamptz,
  opens_at timestamptz, -- closed: when it lets its owner in by itself
  stops_at timestamptz,
  warned_at timestamptz,
  version int not null default 1,
  message_code text,
  message_params jsonb not null default '{}',
  created_at timestamptz not null,
  last_launch_at timestamptz not null,
  unique (course_id, person_id)
);
create index workspace_queue on workspace (course_id, queued_at) where state = 'queued';

create table audit (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  at timestamptz not null,
  actor text not null, -- a pseudonym, or the name of a part of Labplan
  actor_role text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  detail jsonb not null default '{}'
);
create index audit_subject on audit (subject_kind, subject_id, at);
