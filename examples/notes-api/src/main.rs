//! Serves the notes API on http://127.0.0.1:3000, with its data in `data`.

use notes_api::{Table, open, routes};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auth = open("http://127.0.0.1:3000", "data", Table::default()).await?;
    let app = routes(auth.clone(), Table::default());
    Ok(auth.serve("127.0.0.1:3000", app).await?)
}
