//! Every state of small worlds, visited by `stateright`.
//!
//! What may happen by itself (a lock is granted, a message arrives, later or in another order, the
//! API answers) may happen at any time. What somebody does, and what goes wrong, may happen at any
//! time too, but only so often: each world has its [`Budget`]. Two of the properties look ahead:
//! from *every* state, when the network is well again all that waits comes to an end, and when
//! thief and owner then go on in turn the session ends.

mod budget;
mod model;
mod worlds;
