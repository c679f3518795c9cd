//! What to call a browser and its operating system. A `User-Agent` says what its sender likes: a
//! name to recognise one's own devices by, nothing to decide by.

use woothee::parser::Parser;

/// A program by the names that people know it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Such as `Firefox 145`.
    pub browser: Option<String>,
    /// Such as `Windows`.
    pub system: Option<String>,
}

/// Reads a `User-Agent`.
pub fn read(user_agent: Option<&str>) -> Program {
    let Some(found) = user_agent.and_then(|text| Parser::new().parse(text)) else {
        return Program::default();
    };
    let known = |name: &str| !matches!(name, "" | "UNKNOWN");
    let major = found.version.split('.').next().unwrap_or_default();
    let browser = known(found.name).then(|| match major {
        version if known(version) => format!("{} {version}", browser_name(found.name)),
        _ => browser_name(found.name).to_owned(),
    });
    Program {
        browser,
        system: known(found.os).then(|| system_name(found.os).to_owned()),
    }
}

fn browser_name(name: &str) -> &str {
    match name {
        "Microsoft Edge" => "Edge",
        name => name,
    }
}

/// Versions are left out: today's browsers no longer tell them.
fn system_name(os: &str) -> &str {
    match os {
        "Mac OSX" => "macOS",
        os if os.starts_with("Windows Phone") => "Windows Phone",
        os if os.starts_with("Windows") => "Windows",
        os => os,
    }
}

#[cfg(test)]
mod tests;
