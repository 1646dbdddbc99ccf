-- What an early plan could not learn, such as from a cloud that did not answer: neither a failure nor an all-clear.

alter table early_plan
  add column unknown jsonb not null default '[]'; -- [{ code, params }]
