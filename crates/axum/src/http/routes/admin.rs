//! `/api/admin`: administration. Changes and exports require the role `admin` and a recent sign-in;
//! lists require only the role. What the routes share is here.

use latchkey_core::UserId;

use crate::http::error::ApiError;
use crate::http::extract::{Device, OptionalJson};
use crate::http::state::{Admin, AdminView};
use crate::services::Services;
use crate::use_cases::operator::{Actor, Operator, OperatorError};

/// For changes on behalf of an administrator.
pub(super) fn operator<'a>(services: &'a Services, admin: &Admin, device: Device) -> Operator<'a> {
    Operator::online(services, Actor::Admin(admin.id())).from_device(device.into())
}

/// For reading on behalf of an administrator.
pub(super) fn reader<'a>(services: &'a Services, admin: &AdminView) -> Operator<'a> {
    Operator::online(services, Actor::Admin(admin.id()))
}

/// The user id in a path.
pub(super) fn user(id: &str) -> Result<UserId, ApiError> {
    id.parse()
        .map_err(|_| OperatorError::UnknownUser("this id".to_owned()).into())
}

/// The body, which must be an object with these members.
pub(super) fn required<T>(body: OptionalJson<T>, members: &str) -> Result<T, ApiError> {
    body.0.ok_or_else(|| {
        let text = format!("the request has no body; send a JSON object with {members}");
        ApiError::InvalidRequest(text)
    })
}
