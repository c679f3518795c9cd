//! `latchkey serve`: runs the server.

use latchkey_axum::services::DEMO_PROVIDER;

use super::report::Report;
use crate::app::{Environment, Server};
use crate::cli::Serve;
use crate::config;
use crate::signals;
use crate::telemetry;

/// Starts the server and runs it until a signal stops it or the store fails.
pub(super) async fn run(flags: &Serve) -> anyhow::Result<Report> {
    let config = config::load(flags, std::env::vars_os())?;
    let _telemetry = telemetry::start(&config.log).map_err(anyhow::Error::msg)?;
    let hangups = signals::hangups();
    let server = Server::prepare(config, Environment::default()).await?;
    let stop = signals::stop();
    log_startup(&server);
    let certificates = server.certificates.clone();
    let reloading = tokio::spawn(signals::reload_certificate(hangups, certificates));
    let result = server.run(stop).await;
    reloading.abort();
    result?;
    tracing::info!("stopped");
    Ok(Report::Stopped)
}

fn log_startup(server: &Server) {
    let services = server.latchkey.services();
    let providers: Vec<_> = services
        .providers
        .iter()
        .map(|provider| provider.id())
        .collect();
    if providers.is_empty() && services.local.is_none() {
        tracing::warn!(
            "no provider is configured, so nobody can sign in: set GOOGLE_CLIENT_ID and \
             GOOGLE_CLIENT_SECRET, add a [providers.NAME] or [local] section, or use --demo"
        );
    }
    for provider in providers.iter().filter(|name| **name != DEMO_PROVIDER) {
        let redirect_uri = services.redirect_uri(provider);
        tracing::info!(
            provider,
            redirect_uri,
            "redirect URI to register with this provider"
        );
    }
    for provider in services
        .providers
        .iter()
        .filter(|it| !it.supports_step_up())
    {
        tracing::info!(
            provider = provider.id(),
            "users who can sign in only with this provider cannot perform actions that require a \
             recent sign-in, such as deleting their account, unless step_up = \"sign_in_again\" \
             is set"
        );
    }
    if let Some(address) = server.metrics_address() {
        tracing::info!(%address, "serving /metrics");
        let is_loopback = address.ip().to_canonical().is_loopback();
        if !is_loopback && server.config.metrics.token.is_none() {
            tracing::warn!(
                %address,
                "everyone who can connect to metrics.listen can read the metrics; allow only your \
                 monitoring to connect, or set metrics.token"
            );
        }
    }
    tracing::info!(
        providers = providers.join(" "),
        denials = services.guard.denylist().len(),
        data_dir = %server.config.data_dir.display(),
        "ready"
    );
    let scheme = if server.certificates.is_some() {
        "https"
    } else {
        "http"
    };
    tracing::info!("listening on {scheme}://{}", server.address);
    if services.public_url.authority() != server.address.to_string() {
        tracing::info!("public URL {}", services.public_url);
    }
}
