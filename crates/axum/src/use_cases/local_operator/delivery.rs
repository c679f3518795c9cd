//! Mail delivery of the links that operators create.

use core::time::Duration;

use super::Link;
use crate::services::Services;
use crate::services::local::mailer::Message;

/// How long the operator waits for the mail server. After that, the operator gets the link instead; a
/// message that still arrives contains the same link, which works once.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(8);

/// Sends a link by mail. Returns whether the mail server accepted it; `false` also if there is no
/// address or no mail server. The operator then has to give the link to the user.
pub async fn send_by_mail(
    services: &Services,
    to: Option<&str>,
    link: &Link,
    message: impl FnOnce(&str, &str) -> Message,
) -> bool {
    let mailer = services.local.as_ref().and_then(|it| it.mailer.as_ref());
    let (Some(mailer), Some(to)) = (mailer, to) else {
        return false;
    };
    let Some(_place) = mailer.enter() else {
        tracing::warn!("too many messages are waiting; an operator's link was not sent");
        return false;
    };
    let message = message(to, &link.url);
    match tokio::time::timeout(DELIVERY_TIMEOUT, mailer.send(&message)).await {
        Ok(Ok(())) => true,
        // The error is from the mail server, and does not contain the message.
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot send an operator's link");
            false
        }
        Err(_) => {
            tracing::warn!("the mail server is too slow; an operator's link was not sent in time");
            false
        }
    }
}
