//! Exports spans via OTLP over HTTP, as configured by OpenTelemetry's environment variables.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

/// Each of these variables turns the export on. The exporter itself reads them, and also those for
/// headers and timeouts.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// A running export. Dropping it sends the remaining spans.
#[derive(Debug)]
pub(crate) struct Export(SdkTracerProvider);

impl Drop for Export {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "some spans could not be exported");
        }
    }
}

/// Starts the export if the environment sets an endpoint.
pub(super) fn from_environment() -> Result<Option<Export>, String> {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ENDPOINTS
        .iter()
        .any(is_set)
        .then(|| start(None))
        .transpose()
}

/// Starts an export to this URL, or to the one from the environment.
fn start(url: Option<&str>) -> Result<Export, String> {
    let exporter = SpanExporter::builder().with_http();
    let exporter = match url {
        Some(url) => exporter.with_endpoint(url),
        None => exporter,
    };
    let exporter = exporter
        .build()
        .map_err(|error| format!("cannot export spans: {error}"))?;
    let mut resource = Resource::builder();
    if !has_service_name() {
        resource = resource.with_service_name("latchkey");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    Ok(Export(provider))
}

/// Whether the environment names the service.
fn has_service_name() -> bool {
    let attributes = std::env::var("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut keys = attributes.split(',').filter_map(|it| it.split_once('='));
    // An empty variable counts as unset, as OpenTelemetry specifies.
    std::env::var_os("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty())
        || keys.any(|(key, _)| key.trim() == "service.name")
}

impl Export {
    /// The layer that records spans for this export.
    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("latchkey"))
            .with_location(false)
            .with_threads(false)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn a_finished_span_is_sent_with_its_fields_and_events() {
        let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!(
            "http://{}/v1/traces",
            collector.local_addr().expect("an address")
        );
        let received = std::thread::spawn(move || {
            let (mut connection, _) = collector.accept().expect("a connection");
            let mut received = Vec::new();
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&received).contains("session refreshed") {
                let length = connection.read(&mut buffer).expect("a request");
                assert_ne!(length, 0, "{:?}", String::from_utf8_lossy(&received));
                received.extend_from_slice(&buffer[..length]);
            }
            let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            connection.write_all(response).expect("sent");
            received
        });
        let export = start(Some(&url)).expect("an exporter");
        let subscriber = tracing_subscriber::registry().with(export.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error_span!("request", request_id = "id-of-this-request").in_scope(|| {
                tracing::debug!("session refreshed");
            });
        });
        drop(export);
        let received = received.join().expect("a request");
        let received = String::from_utf8_lossy(&received);
        assert!(received.starts_with("POST /v1/traces "), "{received}");
        for text in ["request", "request_id", "id-of-this-request", "latchkey"] {
            assert!(received.contains(text), "{text}: {received}");
        }
    }
}
