-- A class that was ready need not stay so until it begins.
alter table session
  add column short_since timestamptz, -- ready, and since then fewer of its seats are than it warms
  add column unready_at timestamptz; -- when it was last said to be ready no more, since its preparation began
create index session_short on session (short_since) where short_since is not null;
