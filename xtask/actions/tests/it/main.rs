//! The workflows: their rules, and what each of their steps does when it runs.

mod coverage;
mod deploy;
mod drift;
mod expression;
mod github;
mod job;
mod observe;
mod rules;
mod update;
mod validate;
mod workflow;
