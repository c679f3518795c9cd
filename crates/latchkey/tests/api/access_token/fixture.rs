//! A server whose signing keys the test knows.

use serde_json::Value;

use crate::app::{Forge, TestApp, claims};

/// A server, its keys, and a valid token to alter.
pub(super) struct TokenFixture {
    pub(super) app: TestApp,
    pub(super) forge: Forge,
    pub(super) token: String,
    pub(super) header: Value,
    pub(super) claims: Value,
}

impl TokenFixture {
    pub(super) async fn start() -> Self {
        let app = TestApp::start().await;
        let forge = Forge::of(&app).await;
        let token = app.sign_in().await.access_token;
        Self {
            header: forge.header(),
            claims: claims(&token),
            app,
            forge,
            token,
        }
    }

    pub(super) async fn assert_accepted(&self, token: &str) {
        assert_eq!(self.app.check(token).await, Ok(()));
    }

    pub(super) async fn assert_refused(&self, what: &str, token: &str) {
        assert_eq!(
            self.app.check(token).await,
            Err("token_invalid".into()),
            "{what}: {token}"
        );
    }
}
