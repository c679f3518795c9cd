//! Several servers over one store: as if they were one.

mod acts;
mod failover;
mod outage;
mod proxy;
mod readiness;
mod refusals;
mod starvation;
mod world;

use world::{Cluster, KINDS, STALENESS};
