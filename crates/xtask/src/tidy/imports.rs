//! The import graph between the files of a crate, used by `loops` and `layers`.
//!
//! A file imports another file if its code names an item of that file, in a `use` or in a path in
//! an expression, type or macro argument. A path begins with `crate`, `self`, `super`, a child
//! module or an imported name. Names are followed through re-exports to the file that defines the
//! item. The following do not count as imports: `mod child;`, a re-export (`pub use child::Name;`)
//! that the file does not use itself, a module named without an item, tests, and method calls.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::tree::{Tree, is_test};

/// A file names an item of another file of the same crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// The importing file, relative to the project root.
    pub(crate) from: String,
    /// The imported file, relative to the project root.
    pub(crate) to: String,
    /// The line of the import, from 1.
    pub(crate) line: usize,
    /// The item.
    pub(crate) name: String,
}

/// The segments of a path. The absolute path `crate::auth::access` is `["auth", "access"]`.
type Path = Vec<String>;

/// A module and the names in its code.
#[derive(Default)]
struct Module {
    file: String,
    uses: Vec<Use>,
    /// All paths with two or more segments outside `use`, with their lines.
    paths: Vec<(Path, usize)>,
    /// All identifiers outside `use`.
    idents: BTreeSet<String>,
}

/// A leaf of a `use` tree.
struct Use {
    path: Path,
    /// The local name; `*` for a glob.
    alias: String,
    line: usize,
    is_reexport: bool,
}

type Modules = BTreeMap<Path, Module>;

/// The imports between the files of each crate, sorted and without duplicates.
pub(crate) fn imports(tree: &Tree) -> BTreeMap<&str, Vec<Import>> {
    let mut crates: BTreeMap<&str, Modules> = BTreeMap::new();
    for (path, text) in tree.texts_ending(&["rs"]) {
        let Some((name, inside)) = place(path) else {
            continue;
        };
        // A binary next to a library imports the library, and nothing imports the binary.
        let is_beside_library =
            inside == "main.rs" && tree.holds(&format!("crates/{name}/src/lib.rs"));
        if is_beside_library || is_test(path) {
            continue;
        }
        // The compiler reports invalid code.
        if let Ok(tokens) = text.parse() {
            let modules = crates.entry(name).or_default();
            read(modules, path, module_path(inside), tokens);
        }
    }
    let crates = crates.into_iter();
    crates
        .map(|(name, modules)| (name, between(&modules).into_iter().collect()))
        .collect()
}

/// `crates/core/src/a/b.rs` → `core`, `a/b.rs`.
fn place(path: &str) -> Option<(&str, &str)> {
    let (name, inside) = path.strip_prefix("crates/")?.split_once('/')?;
    Some((name, inside.strip_prefix("src/")?))
}

/// `a/b.rs` → `["a", "b"]`; the crate root is empty.
fn module_path(inside: &str) -> Path {
    let stem = inside.trim_end_matches(".rs");
    let stem = stem.trim_end_matches("/mod");
    if ["lib", "main"].contains(&stem) {
        return Path::new();
    }
    stem.split('/').map(str::to_owned).collect()
}

/// Collects the names in `tokens`, the code of the module `at`.
fn read(modules: &mut Modules, file: &str, at: Path, tokens: TokenStream) {
    let mut module = Module {
        file: file.to_owned(),
        ..Module::default()
    };
    let mut inner = Vec::new();
    walk(&mut module, &mut inner, tokens);
    for (name, tokens) in inner {
        read(modules, file, [&at[..], &[name]].concat(), tokens);
    }
    modules.insert(at, module);
}

fn walk(module: &mut Module, inner: &mut Vec<(String, TokenStream)>, tokens: TokenStream) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        at += match rest {
            [
                TokenTree::Punct(hash),
                TokenTree::Group(attribute),
                after @ ..,
            ] if hash.as_char() == '#' && is_for_tests(&attribute.stream()) => 2 + item(after),
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
                ..,
            ] if word == "mod" && body.delimiter() == Delimiter::Brace => {
                inner.push((name.to_string(), body.stream()));
                3
            }
            [TokenTree::Ident(word), after @ ..]
                if word == "use" && !is_punct(after.first(), '<') =>
            {
                let is_reexport = match &tokens[..at] {
                    [.., TokenTree::Ident(word)]
                    | [.., TokenTree::Ident(word), TokenTree::Group(_)] => word == "pub",
                    _ => false,
                };
                let end = after.iter().position(|token| is_punct(Some(token), ';'));
                let end = end.unwrap_or(after.len());
                leaves(&after[..end], &[], is_reexport, &mut module.uses);
                1 + end
            }
            [TokenTree::Ident(first), ..] => {
                if !is_punct(at.checked_sub(1).and_then(|before| tokens.get(before)), '.') {
                    module.idents.insert(first.to_string());
                }
                let (path, length) = path(rest);
                // After `::`, this is the rest of a path like `<T as Trait>::name`.
                let continues_path = at > 0 && is_punct(tokens.get(at - 1), ':');
                if path.len() > 1 && !(continues_path && is_joint(tokens.get(at.wrapping_sub(2)))) {
                    module.paths.push((path, first.span().start().line));
                }
                length
            }
            [TokenTree::Group(group), ..] => {
                walk(module, inner, group.stream());
                1
            }
            _ => 1,
        };
    }
}

/// Whether the attribute is `cfg(test)` or similar.
fn is_for_tests(attribute: &TokenStream) -> bool {
    let text = attribute.to_string();
    text.starts_with("cfg") && text.contains("test") && !text.contains("not")
}

/// The number of tokens of the first item, up to its `;` or braces.
fn item(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens
        .iter()
        .position(ends)
        .map_or(tokens.len(), |at| at + 1)
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}

/// Whether the token is the first half of `::`.
fn is_joint(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

/// The path at the start of these tokens, and its number of tokens.
fn path(tokens: &[TokenTree]) -> (Path, usize) {
    let mut path = Path::new();
    let mut at = 0;
    while let Some(TokenTree::Ident(segment)) = tokens.get(at) {
        path.push(segment.to_string());
        at += 1;
        if !is_joint(tokens.get(at)) || !matches!(tokens.get(at + 2), Some(TokenTree::Ident(_))) {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// Collects the leaves of the `use` tree in `tokens`, below the path `above`.
fn leaves(tokens: &[TokenTree], above: &[String], is_reexport: bool, found: &mut Vec<Use>) {
    for tree in tokens.split(|token| is_punct(Some(token), ',')) {
        let Some(first) = tree.first() else { continue };
        let (below, length) = path(tree);
        let mut path = [above, &below].concat();
        let mut leaf = |path: Path, alias: String| {
            found.push(Use {
                path,
                alias,
                line: first.span().start().line,
                is_reexport,
            });
        };
        match &tree[length..] {
            [TokenTree::Ident(word), TokenTree::Ident(alias)] if word == "as" => {
                leaf(path, alias.to_string());
            }
            [.., TokenTree::Punct(star)] if star.as_char() == '*' => leaf(path, "*".to_owned()),
            [.., TokenTree::Group(group)] => {
                let inside: Vec<_> = group.stream().into_iter().collect();
                leaves(&inside, &path, is_reexport, found);
            }
            _ => {
                // `use a::{self, B}` names `a` itself.
                if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                    path.pop();
                }
                let alias = path.last().cloned().unwrap_or_default();
                leaf(path, alias);
            }
        }
    }
}

/// The imports between the files of one crate.
fn between(modules: &Modules) -> BTreeSet<Import> {
    let mut found = BTreeSet::new();
    for (at, module) in modules {
        let mut add = |path: &[String], is_glob: bool, line: usize| {
            let target = absolute(modules, at, path, MAX_ALIASES)
                .and_then(|path| definition(modules, &path, is_glob, MAX_ALIASES));
            if let Some((to, name)) = target.filter(|(to, _)| *to != module.file) {
                found.insert(Import {
                    from: module.file.clone(),
                    to,
                    line,
                    name,
                });
            }
        };
        for import in &module.uses {
            if !import.is_reexport || module.idents.contains(&import.alias) {
                add(&import.path, import.alias == "*", import.line);
            }
        }
        for (path, line) in &module.paths {
            add(path, false, *line);
        }
    }
    found
}

/// The maximum number of aliases to follow, in case they are circular.
const MAX_ALIASES: usize = 16;

/// Resolves `path`, as written in the module `at`, to a path from the crate root. `None` for other
/// crates.
fn absolute(modules: &Modules, at: &[String], path: &[String], steps: usize) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    let steps = steps.checked_sub(1)?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([at, rest].concat()),
        "super" => {
            let (_, above) = at.split_last()?;
            match rest {
                [next, ..] if next == "super" => absolute(modules, above, rest, steps),
                _ => Some([above, rest].concat()),
            }
        }
        _ => {
            let child = [at, &path[..1]].concat();
            if modules.contains_key(&child) {
                return Some([&child, rest].concat());
            }
            let mut uses = modules.get(at)?.uses.iter();
            let import = uses.find(|import| import.alias == *first && import.path != path)?;
            let target = absolute(modules, at, &import.path, steps)?;
            Some([&target, rest].concat())
        }
    }
}

/// The file that defines the item at the absolute `path`, and the name of the item. For a module
/// that is imported with a glob, its file and `*`; for any other module, `None`.
fn definition(
    modules: &Modules,
    path: &[String],
    is_glob: bool,
    steps: usize,
) -> Option<(String, String)> {
    let depths = (0..=path.len()).rev();
    let depth = depths
        .into_iter()
        .find(|depth| modules.contains_key(&path[..*depth]))?;
    let module = modules.get(&path[..depth])?;
    let Some(name) = path.get(depth) else {
        return is_glob.then(|| (module.file.clone(), "*".to_owned()));
    };
    let mut uses = module.uses.iter();
    if let Some(import) = uses.find(|import| import.alias == *name) {
        let steps = steps.checked_sub(1)?;
        let target = absolute(modules, &path[..depth], &import.path, steps)?;
        let path = [&target, &path[depth + 1..]].concat();
        return definition(modules, &path, is_glob, steps);
    }
    Some((module.file.clone(), name.clone()))
}

#[cfg(test)]
mod tests;
