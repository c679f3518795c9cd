//! Model checking with `stateright`: visits every state of small simulations.
//!
//! Events that need no cause (a lock is granted, a message arrives in any order, the API responds)
//! can happen at any time, without limit. User actions and failures can also happen at any time,
//! but only as often as the [`Budget`](budget::Budget) allows. Two of the properties look ahead:
//! from *every* state, all requests complete once the network works again, and the session ends
//! when thief and owner then keep refreshing in turn.

mod budget;
mod model;
mod models;
