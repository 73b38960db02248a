//! Which source file uses what another one defines: `use` trees and paths in code, followed through `super::` chains
//! and through re-exports to the file that defines the item. Test code is left out.

use std::collections::{BTreeMap, BTreeSet};

/// A path of modules below the crate's root, with an item's name at its end where it is the path of an item.
type ModulePath = Vec<String>;

/// One file's code.
struct Source {
    name: String,
    module: ModulePath,
    /// Without comments, strings and test modules.
    code: String,
    /// Modules written inside the file: where their braces are, and their paths.
    inner: Vec<(std::ops::Range<usize>, ModulePath)>,
}

/// A name that a module has from elsewhere.
struct Import {
    module: ModulePath,
    /// `*` for all of a module's names.
    name: String,
    target: ModulePath,
    public: bool,
    /// Where in the file it stands.
    at: std::ops::Range<usize>,
}

/// All files of a crate and what they take from each other.
pub struct Imports {
    sources: Vec<Source>,
    modules: BTreeSet<ModulePath>,
    from_elsewhere: BTreeMap<ModulePath, Vec<Import>>,
}

impl Imports {
    /// `files`: names below `src` and their text.
    pub fn of(files: &[(String, String)]) -> Self {
        let mut sources = Vec::new();
        for (name, text) in files {
            let module = module_of(name);
            // The program's own `main.rs` is another crate, which uses this one by name.
            if module.iter().any(|m| m == "tests") || name == "main.rs" {
                continue;
            }
            let code = without_tests(&without_prose(text));
            let inner = inner_modules(&code, &module);
            sources.push(Source { name: name.clone(), module, code, inner });
        }
        let mut modules: BTreeSet<ModulePath> = sources.iter().map(|s| s.module.clone()).collect();
        modules.extend(sources.iter().flat_map(|s| s.inner.iter().map(|(_, m)| m.clone())));
        let mut all = Self { sources, modules, from_elsewhere: BTreeMap::new() };
        for source in &all.sources {
            for import in all.use_statements(source) {
                all.from_elsewhere.entry(import.module.clone()).or_default().push(import);
            }
        }
        all
    }

    /// Every pair of files of which the first uses something that the second defines. A re-export alone is no use.
    pub fn edges(&self) -> BTreeSet<(String, String)> {
        let files: BTreeMap<&ModulePath, &str> = self
            .sources
            .iter()
            .flat_map(|s| {
                let inner = s.inner.iter().map(|(_, module)| (module, s.name.as_str()));
                inner.chain([(&s.module, s.name.as_str())])
            })
            .collect();
        let mut edges = BTreeSet::new();
        for source in &self.sources {
            for path in self.used_paths(source) {
                let Some(module) = self.defining_module(&path, 0) else { continue };
                if let Some(file) = files.get(&module).filter(|file| **file != source.name) {
                    edges.insert((source.name.clone(), (*file).to_owned()));
                }
            }
        }
        edges
    }

    /// The module that defines what a path leads to.
    fn defining_module(&self, path: &[String], depth: usize) -> Option<ModulePath> {
        if depth > 20 {
            return None;
        }
        let mut module = ModulePath::new();
        for (n, name) in path.iter().enumerate() {
            module.push(name.clone());
            if self.modules.contains(&module) {
                continue;
            }
            module.pop();
            let imports = self.from_elsewhere.get(&module).map_or(&[][..], Vec::as_slice);
            let rest = || path[n + 1..].iter().cloned();
            if let Some(import) = imports.iter().find(|i| i.name == *name) {
                let target: ModulePath = import.target.iter().cloned().chain(rest()).collect();
                return self.defining_module(&target, depth + 1);
            }
            return Some(module);
        }
        Some(module)
    }

    fn module_at(source: &Source, at: usize) -> &ModulePath {
        let inside = source.inner.iter().filter(|(range, _)| range.contains(&at));
        inside.max_by_key(|(range, _)| range.start).map_or(&source.module, |(_, module)| module)
    }

    /// From the start of a path to modules below the root; `None` for other crates and local names.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let mut base = module.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {}
            child => {
                let mut below = base.clone();
                below.push(child.to_owned());
                if !self.modules.contains(&below) {
                    return None;
                }
            }
        }
        while rest.first().is_some_and(|name| name == "super") {
            base.pop()?;
            rest = &rest[1..];
        }
        let named = rest.iter().filter(|name| *name != "self");
        Some(base.into_iter().chain(named.cloned()).collect())
    }

    fn use_statements(&self, source: &Source) -> Vec<Import> {
        let mut found = Vec::new();
        for (at, _) in source.code.match_indices("use ") {
            let before = &source.code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let line = before.rsplit('\n').next().unwrap_or_default().trim();
            if !(line.is_empty() || line.starts_with("pub")) {
                continue;
            }
            let tree = &source.code[at + 4..];
            let end = tree.find(';').unwrap_or(tree.len());
            let module = Self::module_at(source, at);
            for (path, name) in leaves(&tree[..end]) {
                if let Some(target) = self.absolute(module, &path) {
                    let (public, module) = (line.starts_with("pub"), module.clone());
                    found.push(Import { module, name, target, public, at: at..at + 4 + end });
                }
            }
        }
        found
    }

    /// Every path that a file takes something by.
    fn used_paths(&self, source: &Source) -> Vec<ModulePath> {
        let imports = self.from_elsewhere.values().flatten().filter(|i| i.module == source.module);
        let imports: Vec<&Import> = imports.collect();
        let mut paths: Vec<ModulePath> =
            imports.iter().filter(|i| !i.public).map(|i| i.target.clone()).collect();
        let bytes = source.code.as_bytes();
        for (at, _) in source.code.match_indices("::") {
            if imports.iter().any(|i| i.at.contains(&at)) {
                continue;
            }
            let start = source.code[..at]
                .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
                .map_or(0, |before| before + 1);
            if start == at || start >= 2 && &bytes[start - 2..start] == b"::" {
                continue;
            }
            let path: ModulePath = source.code[start..]
                .split("::")
                .map(|part| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
                .take_while(|part: &String| !part.is_empty())
                .collect();
            // Names stand behind one another only while nothing but `::` is between them.
            let mut length = 0;
            let mut whole = ModulePath::new();
            for part in path {
                let begins = start + length;
                if !source.code[begins..].starts_with(&part) {
                    break;
                }
                length += part.len();
                whole.push(part);
                if !source.code[start + length..].starts_with("::") {
                    break;
                }
                length += 2;
            }
            if let Some(target) = self.absolute(Self::module_at(source, at), &whole) {
                paths.push(target);
            }
        }
        paths
    }
}

/// Files that use each other in circles: each circle's members, sorted.
pub fn circles(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let nodes: BTreeSet<&String> = edges.iter().flat_map(|(a, b)| [a, b]).collect();
    let reach = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for (_, next) in edges.iter().filter(|(a, _)| a == node) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        nodes.iter().map(|node| (*node, reach(node))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (node, seen) in &reached {
        let circle: Vec<String> = seen
            .iter()
            .filter(|other| reached[**other].contains(*node))
            .map(|other| (*other).clone())
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn module_of(file: &str) -> ModulePath {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

/// The ends of a `use` tree: their paths, and the names that they get.
fn leaves(tree: &str) -> Vec<(ModulePath, String)> {
    fn walk(tree: &str, base: &[String], out: &mut Vec<(ModulePath, String)>) {
        let tree = tree.trim();
        if let Some(open) = tree.find('{') {
            let mut path = base.to_vec();
            path.extend(
                tree[..open]
                    .split("::")
                    .map(str::trim)
                    .filter(|p| !p.is_empty())
                    .map(str::to_owned),
            );
            let inside = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
            let (mut depth, mut start) = (0, 0);
            for (at, c) in inside.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        walk(&inside[start..at], &path, out);
                        start = at + 1;
                    }
                    _ => {}
                }
            }
            walk(&inside[start..], &path, out);
        } else if !tree.is_empty() {
            let (path, alias) =
                tree.split_once(" as ").map_or((tree, None), |(p, a)| (p, Some(a.trim())));
            let mut whole = base.to_vec();
            whole.extend(path.split("::").map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()));
            let star = whole.last().is_some_and(|name| name == "*");
            if star {
                whole.pop();
            }
            let own = whole.iter().rfind(|name| *name != "self").cloned().unwrap_or_default();
            let name = if star { "*".to_owned() } else { alias.map_or(own, str::to_owned) };
            out.push((whole, name));
        }
    }
    let mut out = Vec::new();
    walk(tree, &[], &mut out);
    out
}

/// Comments and the insides of strings as blanks, so that places stay.
fn without_prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |n| n + 5)
        } else if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c: char| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |n| n + 2)
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        out.extend(rest[..length].chars().map(|c| if c == '\n' { c } else { ' ' }));
        rest = &rest[length..];
    }
    out
}

/// Blanks where `#[cfg(test)]` modules are.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(at) = out.find("#[cfg(test)]") {
        let rest = &out[at..];
        let end = match (rest.find('{'), rest.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|s| open < s) => {
                open + block(&rest[open..])
            }
            (_, Some(semicolon)) => semicolon + 1,
            _ => rest.len(),
        };
        let blank: String = rest[..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        out.replace_range(at..at + end, &blank);
    }
    out
}

/// The length of a block that begins with its brace.
fn block(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn inner_modules(code: &str, module: &[String]) -> Vec<(std::ops::Range<usize>, ModulePath)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        let name: String =
            code[at + 4..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let after = at + 4 + name.len();
        if code[after..].trim_start().starts_with('{') && !name.is_empty() {
            let open = after + code[after..].find('{').unwrap_or(0);
            let path = module.iter().cloned().chain([name]).collect();
            found.push((open..open + block(&code[open..]), path));
        }
    }
    found
}
