//! Names the browser and operating system of a `User-Agent`. Clients can send any text, so the
//! names help users to recognize their devices but must not affect decisions.

use woothee::parser::Parser;

/// The common names of a browser and its operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// For example `Firefox 145`.
    pub browser: Option<String>,
    /// For example `Windows`.
    pub system: Option<String>,
}

/// The parser's name for programs that are not browsers.
const HTTP_LIBRARY: &str = "HTTP Library";

/// Parses a `User-Agent`. Unknown programs have no names.
pub fn read(user_agent: Option<&str>) -> Program {
    let Some(parsed) = user_agent.and_then(|text| Parser::new().parse(text)) else {
        return Program::default();
    };
    let known = |name: &str| !matches!(name, "" | "UNKNOWN");
    let major = parsed.version.split('.').next().unwrap_or_default();
    let browser = known(parsed.name).then(|| match major {
        // The parser returns the name of the program in the field for the version.
        program if parsed.name == HTTP_LIBRARY && known(program) => program.to_owned(),
        version if known(version) => format!("{} {version}", browser_name(parsed.name)),
        _ => browser_name(parsed.name).to_owned(),
    });
    Program {
        browser,
        system: known(parsed.os).then(|| system_name(parsed.os).to_owned()),
    }
}

fn browser_name(name: &str) -> &str {
    match name {
        "Microsoft Edge" => "Edge",
        name => name,
    }
}

/// The name without a version: current browsers no longer send the real one.
fn system_name(os: &str) -> &str {
    match os {
        "Mac OSX" => "macOS",
        os if os.starts_with("Windows Phone") => "Windows Phone",
        os if os.starts_with("Windows") => "Windows",
        os => os,
    }
}

#[cfg(test)]
mod tests {
    use super::{Program, read};

    #[test]
    fn browsers_and_systems_have_their_common_names() {
        for (user_agent, browser, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/142.0.0.0 Safari/537.36",
                "Chrome 142",
                "Linux",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
             HeadlessChrome/142.0.0.0 Safari/537.36",
                "Chrome 142",
                "Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox 145",
                "Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge 142",
                "Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0",
                "Opera 125",
                "Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
             Gecko) Version/26.0 Safari/605.1.15",
                "Safari 26",
                "macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, \
             like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari 26",
                "iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
             Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome 142",
                "Android",
            ),
        ] {
            let expected = Program {
                browser: Some(browser.to_owned()),
                system: Some(system.to_owned()),
            };
            assert_eq!(read(Some(user_agent)), expected, "{user_agent}");
        }
    }

    #[test]
    fn programs_that_are_not_browsers_have_their_own_name() {
        let program = read(Some("curl/8.14.1"));
        assert_eq!(program.browser.as_deref(), Some("curl"));
    }

    #[test]
    fn unknown_user_agents_have_no_names() {
        let long = "(".repeat(10_000);
        for user_agent in [
            None,
            Some(""),
            Some("my-program"),
            Some("<b>x</b>"),
            Some(&*long),
        ] {
            assert_eq!(read(user_agent), Program::default(), "{user_agent:?}");
        }
    }
}
