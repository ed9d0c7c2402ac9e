//! `cargo xtask workflows`: the files under `.github`, by linters that know them. Nobody else runs them here.

use crate::tools::{root, run, stems, target_dir};
use std::path::PathBuf;
use std::process::Command;

/// From PyPI. One knows what a workflow may say, the other what it had better not.
const LINTERS: [&str; 2] = ["check-jsonschema==0.39.0", "zizmor==1.32.0"];
/// Where files are, and the description they have to fit, which comes with the linter.
const SCHEMAS: [(&str, &str); 2] = [
    (".github/workflows", "vendor.github-workflows"),
    (".github/ISSUE_TEMPLATE", "vendor.github-issue-forms"),
];
/// Those with one of their own.
const OTHERS: [(&str, &str); 2] = [
    (".github/dependabot.yml", "vendor.dependabot"),
    (CONFIG, "vendor.github-issue-config"),
];
const CONFIG: &str = ".github/ISSUE_TEMPLATE/config.yml";

pub(crate) fn workflows() -> Result<String, String> {
    let bin = linters()?;
    let mut files: Vec<(String, &str)> = OTHERS.map(|(file, schema)| (file.into(), schema)).into();
    for (dir, schema) in SCHEMAS {
        let all = stems(&root().join(dir), "yml")?;
        let all = all.iter().map(|stem| format!("{dir}/{stem}.yml"));
        files.extend(all.filter(|file| file != CONFIG).map(|file| (file, schema)));
    }
    for (file, schema) in &files {
        run(Command::new(bin.join("check-jsonschema"))
            .args(["--quiet", "--builtin-schema", schema, file.as_str()])
            .current_dir(root()))?;
    }
    // Nothing is asked of a server.
    run(Command::new(bin.join("zizmor"))
        .args(["--offline", "--no-progress", "--quiet", ".github"])
        .current_dir(root()))?;
    Ok(format!("{} files are as they should be", files.len()))
}

/// The linters' programs, installed if they are not there in these versions.
fn linters() -> Result<PathBuf, String> {
    let name = LINTERS.join("-").replace("==", "-");
    let venv = target_dir().join("tools").join(name);
    let bin = venv.join("bin");
    if !bin.join("zizmor").is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(bin.join("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(LINTERS))?;
    }
    Ok(bin)
}
