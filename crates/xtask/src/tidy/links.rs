//! Every relative link in a Markdown file points to an existing file, directory or heading, and the
//! index of the documentation lists every page. Links to other sites are not checked.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::tree::{Tree, numbered};

const INDEX: &str = "docs/README.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(&["md"]) {
        for (line, target) in links(text) {
            if let Err(what) = resolve(tree, path, &target) {
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings.extend(unlisted(tree));
    findings
}

fn is_markdown(name: &str) -> bool {
    let extension = std::path::Path::new(name).extension();
    extension.is_some_and(|extension| extension == "md")
}

/// The pages that the index does not link to.
fn unlisted(tree: &Tree) -> Vec<Finding> {
    let index = tree.text(INDEX).unwrap_or_default();
    let listed: Vec<_> = links(index).into_iter().map(|(_, target)| target).collect();
    let pages = tree.paths().filter_map(|path| path.strip_prefix("docs/"));
    let pages = pages.filter(|name| is_markdown(name) && *name != "README.md");
    let missing = pages.filter(|name| !listed.iter().any(|target| target == name));
    missing
        .map(|name| Finding::new(INDEX, 1, format!("does not list {name}")))
        .collect()
}

/// Checks that the target of a link exists. The error says what is wrong.
fn resolve(tree: &Tree, from: &str, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => from.to_owned(),
        file => {
            join(from, file).ok_or(format!("the link {target} points outside the repository"))?
        }
    };
    if !tree.holds(&path) {
        return Err(format!(
            "the link {target} is broken: the file does not exist"
        ));
    }
    let text = tree.text(&path).unwrap_or_default();
    if !anchor.is_empty() && !anchors(text).iter().any(|known| known == anchor) {
        return Err(format!("{path} has no heading for the link {target}"));
    }
    Ok(())
}

/// Resolves a path relative to a file. `None` if it is outside the repository.
fn join(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The targets of `[…](target)` with their lines, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let targets = line.split("](").skip(1);
        let targets = targets.filter_map(|rest| rest.split_once(')'));
        links.extend(targets.map(|(target, _)| (number, target.to_owned())));
    }
    links
}

/// The anchors of the headings, as Git hosts derive them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut anchors = Vec::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let letters = heading.trim().chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        });
        let anchor = letters.collect::<String>().to_lowercase();
        let count = seen.entry(anchor.clone()).or_insert(0);
        anchors.push(match *count {
            0 => anchor,
            count => format!("{anchor}-{count}"),
        });
        *count += 1;
    }
    anchors
}

/// The lines outside of fenced code blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    numbered(text).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

fn without_code(line: &str) -> String {
    let outside = line.split('`').step_by(2);
    outside.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(page: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (INDEX, "[A](a.md)"),
            ("docs/a.md", page),
            ("README.md", "# Top\n\n## One more, `[x]`\n\n## Top\n"),
        ]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_to_existing_files_and_headings_are_accepted() {
        for link in [
            "https://example.com/x#y",
            "README.md",
            "../README.md",
            "../README.md#one-more-x",
            "../README.md#top-1",
            "#here",
        ] {
            let none: [String; 0] = [];
            assert_eq!(
                findings(&format!("# Here\n\n[x]({link})\n")),
                none,
                "{link}"
            );
        }
    }

    #[test]
    fn dead_links_are_found() {
        for (link, what) in [
            ("b.md", "the link b.md is broken: the file does not exist"),
            ("../../x", "the link ../../x points outside the repository"),
            (
                "../README.md#two",
                "README.md has no heading for the link ../README.md#two",
            ),
        ] {
            assert_eq!(
                findings(&format!("[x]({link})")),
                [format!("docs/a.md:1: {what}")]
            );
        }
    }

    #[test]
    fn code_is_not_searched_for_links() {
        let none: [String; 0] = [];
        assert_eq!(findings("`[x](b.md)`\n```md\n[x](b.md)\n# no\n```\n"), none);
    }

    #[test]
    fn the_index_lists_every_page() {
        let tree = Tree::of(&[(INDEX, "[B](b.md)"), ("docs/a.md", ""), ("docs/b.md", "")]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["docs/README.md:1: does not list a.md"]);
    }
}
