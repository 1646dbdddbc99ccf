-- LTI: how to talk with a platform, who may register one, and what a launch leaves behind for minutes.

-- One row for each registered platform; apart from `platform`, because people and rights never need it.
create table lti_platform (
  platform_id uuid primary key references platform on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  auth_url text not null,
  token_url text not null,
  token_audience text not null,
  key_set_url text not null,
  kid text not null unique, -- our key pair for this platform
  public_key text not null, -- PEM (SPKI)
  private_key_id text not null,
  private_key bytea not null, -- sealed PEM (PKCS #8)
  registered_at timestamptz not null
);

create table lti_access_token (
  platform_id uuid not null references platform on delete cascade,
  installation_id text not null default current_setting('labplan.installation') references installation,
  scopes text not null,
  key_id text not null,
  token bytea not null, -- sealed
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (platform_id, scopes)
);

-- Nonces that were used: a second launch with the same one finds its row taken.
create table lti_nonce (
  nonce_hash bytea primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  expires_at timestamptz not null
);
create index lti_nonce_expires on lti_nonce (expires_at);

-- The right to register one platform, once.
create table registration_link (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  zone_id uuid not null references zone,
  name text not null,
  token_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  platform_id uuid references platform
);

-- A teacher is choosing a course inside the LMS: where the choice has to be sent.
create table deep_link (
  id uuid primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  person_id uuid not null references person,
  platform_id uuid not null references platform,
  lms_context_id uuid not null references lms_context,
  key_id text not null,
  request bytea not null, -- sealed: the return address holds the LMS's session key
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

-- An activity copied with its LMS course still names its course: it opens nothing until a teacher has said
-- which course it is, and this is what they are asked about.
alter table lms_resource
  add column copied_course_id uuid references course,
  add column copied_from_id uuid references lms_context;

create index login_expires on login (expires_at);
create index login_code_expires on login_code (expires_at);
create index deep_link_expires on deep_link (expires_at);
create index lms_resource_course on lms_resource (course_id);
