-- What GitLab, Forgejo, Gitea or GitHub was told of changes: kept so that each word is said until it was heard.

-- Whether the forge answers. None is configured: there is no row.
create table forge (
  installation_id text primary key default current_setting('labplan.installation') references installation,
  state text not null check (state in ('current', 'held')),
  state_at timestamptz not null,
  attempts int not null default 0, -- in a row that failed
  retry_at timestamptz, -- it is asked nothing before
  message text -- what keeps it from being told, in a sentence
);

-- The request to merge a change's branch.
create table forge_request (
  change_id uuid primary key references change,
  installation_id text not null default current_setting('labplan.installation') references installation,
  -- closed: by somebody there, while the change still waits here
  state text not null check (state in ('unsaid', 'open', 'merged', 'closed')),
  state_at timestamptz not null,
  number int, -- the forge's
  address text, -- of its page there
  commit text, -- of the branch, as the request was last told of it
  attempts int not null default 0,
  retry_at timestamptz,
  message text -- what the forge has against it
);

-- What a commit's status there should be.
create table forge_status (
  commit text primary key,
  installation_id text not null default current_setting('labplan.installation') references installation,
  state text not null check (state in ('pending', 'success', 'failure')),
  description text not null,
  address text, -- where it says more
  said_at timestamptz,
  message text -- why it could not be said
);
create index forge_status_unsaid on forge_status (commit) where said_at is null;

-- What is still to be said under a request: at least once.
create table forge_comment (
  id uuid primary key,
  change_id uuid not null references forge_request,
  installation_id text not null default current_setting('labplan.installation') references installation,
  text text not null,
  created_at timestamptz not null,
  said_at timestamptz
);
create index forge_comment_unsaid on forge_comment (id) where said_at is null;
