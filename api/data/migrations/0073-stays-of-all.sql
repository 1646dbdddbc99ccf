-- Who waits in a course that nobody has left yet is told by how long people of the other courses stayed.
create index stay_ended on stay (ended_at desc) where ended_at is not null;
