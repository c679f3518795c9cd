//! Model checking with `stateright`: visits every state of small simulations.
//!
//! Normal progress (a lock is granted, a message arrives in any order, the API responds) can happen
//! at any time, without limit. Everything else (user actions, failures, time passing) can also
//! happen at any time, but only as often as the [`Budget`](budget::Budget) allows. Two of the
//! properties look ahead: from *every* state, all requests complete once the network works again,
//! and the session ends if the thief and the owner then take turns refreshing.

mod budget;
mod model;
mod models;
