//! Several servers over one store behave like one server.

mod audit;
mod failover;
mod fixture;
mod outage;
mod propagation;
mod proxy;
mod readiness;
mod refusals;
mod starvation;

use fixture::{Cluster, DATABASES, STALENESS};
