//! The journal under damage, failures, crashes and readers.
//! Does not test what a single file tests of itself.

mod damage;
mod faults;
mod folders;
mod form;
mod live;
mod sample;
