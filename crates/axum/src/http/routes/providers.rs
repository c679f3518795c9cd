//! `GET /auth/providers`: the providers on the sign-in page.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use latchkey_identity::Kind;
use latchkey_types::{PasswordInfo, ProviderInfo, ProviderKind, ProviderList};

use crate::services::Services;
use crate::settings::SignUp;

/// Lists the providers.
pub(crate) async fn providers(State(state): State<Arc<Services>>) -> Json<ProviderList> {
    Json(ProviderList {
        providers: provider_infos(&state),
        password: password_info(&state),
    })
}

/// How local accounts work on this server; `None` if they are disabled.
pub fn password_info(state: &Services) -> Option<PasswordInfo> {
    let local = state.local.as_ref()?;
    Some(PasswordInfo {
        sign_up: match local.sign_up {
            SignUp::Off => latchkey_types::SignUp::Off,
            SignUp::Invite => latchkey_types::SignUp::Invite,
            SignUp::Open => latchkey_types::SignUp::Open,
        },
        mail: local.mailer.is_some(),
    })
}

/// The providers as wire types.
pub fn provider_infos(state: &Services) -> Vec<ProviderInfo> {
    let info = |provider: &Arc<dyn latchkey_identity::Provider>| ProviderInfo {
        id: provider.id().to_owned(),
        label: provider.label().to_owned(),
        kind: match provider.kind() {
            Kind::Google => ProviderKind::Google,
            Kind::GitHub => ProviderKind::GitHub,
            Kind::Microsoft => ProviderKind::Microsoft,
            Kind::GitLab => ProviderKind::GitLab,
            Kind::Keycloak => ProviderKind::Keycloak,
            Kind::Okta => ProviderKind::Okta,
            Kind::Auth0 => ProviderKind::Auth0,
            Kind::Oidc => ProviderKind::Oidc,
            Kind::Demo => ProviderKind::Demo,
        },
    };
    state.providers.iter().map(info).collect()
}
