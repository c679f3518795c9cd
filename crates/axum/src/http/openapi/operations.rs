//! The operations, in the order of the sections of the document.

mod account;
mod administration;
mod local;
mod metadata;
mod sign_in;

use super::operation::Operation;
use super::schemas::Schemas;

/// All operations.
pub(super) fn all(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = sign_in::operations(schemas);
    all.extend(local::operations(schemas));
    all.extend(account::operations(schemas));
    all.extend(administration::operations(schemas));
    all.extend(metadata::operations(schemas));
    all
}
