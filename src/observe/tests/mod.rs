//! What is shown of a run that is made of records; nothing is started, and no clock is read.

mod events;
mod fixture;
mod lines;
mod picture;
mod summary;
