//! The history of a git repository, as git itself tells it: `git log` in the same words as
//! `git shortlog`, so that names, `.mailmap` and the choice of commits are the same.

use std::{
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

/// A commit as it becomes a contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash, hexadecimal.
    pub hash: String,
    /// `Name <email>`, as `git shortlog -e` writes it.
    pub author: String,
    /// Seconds since 1970, UTC; `None` when the commit's own date cannot be read.
    pub time: Option<i64>,
    /// The first line of its message; may be empty.
    pub subject: String,
}

/// A git repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git on this machine.
    #[error("git cannot be started: {0}; install it (Debian, Ubuntu: apt-get install git)")]
    NoGit(io::Error),
    /// The folder is no repository.
    #[error("{0} is no git repository: {1}")]
    NoRepository(PathBuf, String),
    /// git ended with an error.
    #[error("git {what} failed: {error}")]
    Failed {
        /// The subcommand.
        what: String,
        /// What git says.
        error: String,
    },
    /// git wrote something unexpected.
    #[error("git log wrote something unexpected near commit {0:?}")]
    Output(String),
}

/// A repository and the choice of its commits.
#[derive(Clone, Debug)]
pub struct Repository {
    path: PathBuf,
    all: bool,
}

impl Repository {
    /// Opens a repository; `all` means every ref, else what HEAD reaches.
    pub fn open(path: &Path, all: bool) -> Result<Repository, GitError> {
        let repository = Repository { path: path.into(), all };
        let no = |e: String| GitError::NoRepository(path.into(), e);
        if !path.is_dir() {
            return Err(no("there is no such folder".into()));
        }
        let output = repository.output(&["rev-parse", "--git-dir"])?;
        match output.status.success() {
            true => Ok(repository),
            false => Err(no(String::from_utf8_lossy(&output.stderr).trim().into())),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(["-c", "i18n.logOutputEncoding=UTF-8", "-C"]).arg(&self.path).args(args);
        command.env("LC_ALL", "C.UTF-8").env("GIT_PAGER", "cat").stdin(Stdio::null());
        command
    }

    fn output(&self, args: &[&str]) -> Result<Output, GitError> {
        self.command(args).output().map_err(GitError::NoGit)
    }

    /// Runs git and takes what it writes.
    fn text(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.output(args)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(GitError::Failed {
                what: args[0].into(),
                error: String::from_utf8_lossy(&output.stderr).trim().into(),
            }),
        }
    }

    fn choice(&self) -> &'static str {
        if self.all { "--all" } else { "HEAD" }
    }

    /// True when there is no commit to choose from.
    pub fn is_empty(&self) -> Result<bool, GitError> {
        if self.all {
            return Ok(self.text(&["for-each-ref", "--count=1"])?.is_empty() && !self.has_head()?);
        }
        Ok(!self.has_head()?)
    }

    fn has_head(&self) -> Result<bool, GitError> {
        Ok(self.output(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?.status.success())
    }

    /// How many commits there are without merges.
    pub fn count(&self) -> Result<u64, GitError> {
        let text = self.text(&["rev-list", "--count", "--no-merges", self.choice()])?;
        let number = String::from_utf8_lossy(&text).trim().parse();
        number.map_err(|_| GitError::Output(String::from_utf8_lossy(&text).into()))
    }

    /// The commits without merges, the oldest first.
    pub fn commits(&self) -> Result<Commits, GitError> {
        let format = "--format=%H%x00%aN <%aE>%x00%at%x00%s";
        let args = [
            "log",
            "-z",
            "--reverse",
            "--no-merges",
            "--no-show-signature",
            "--no-color",
            "--no-patch",
            format,
            self.choice(),
        ];
        let mut child =
            self.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(GitError::NoGit)?;
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Commits { child, stdout, last: String::new() })
    }

    /// What `git shortlog -sne --no-merges` counts: author and commits.
    pub fn shortlog(&self) -> Result<Vec<(String, u64)>, GitError> {
        let text = self.text(&["shortlog", "-sne", "--no-merges", self.choice()])?;
        let line = |line: &[u8]| {
            let tab = line.iter().position(|b| *b == b'\t')?;
            let count = std::str::from_utf8(&line[..tab]).ok()?.trim().parse().ok()?;
            Some((text_of(&line[tab + 1..]), count))
        };
        let lines = text.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        lines.map(|l| line(l).ok_or_else(|| GitError::Output(text_of(l)))).collect()
    }
}

/// Text that git wrote. Bytes that are no UTF-8 show as `\xNN`, so that two names stay two.
fn text_of(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Reads commits as git writes them; git ends with it.
pub struct Commits {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    last: String,
}

impl Iterator for Commits {
    type Item = Result<Commit, GitError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut fields = Vec::with_capacity(4);
        for _ in 0..4 {
            let mut field = Vec::new();
            let read = self.stdout.as_mut()?.read_until(0, &mut field);
            match read {
                Ok(0) => break,
                Ok(_) => {
                    if field.last() == Some(&0) {
                        field.pop();
                    }
                    fields.push(field);
                }
                Err(e) => return Some(Err(GitError::Failed { what: "log".into(), error: e.to_string() })),
            }
        }
        // The subject of the last commit may be empty and have no end.
        if fields.len() == 3 {
            fields.push(Vec::new());
        }
        let Ok([hash, author, time, subject]) = <[Vec<u8>; 4]>::try_from(fields) else {
            self.stdout = None;
            return self.end();
        };
        self.last = text_of(&hash);
        let commit = Commit {
            hash: self.last.clone(),
            author: text_of(&author),
            time: std::str::from_utf8(&time).ok().and_then(|t| t.parse().ok()),
            subject: text_of(&subject),
        };
        let is_hash = matches!(commit.hash.len(), 40 | 64) && commit.hash.bytes().all(|b| b.is_ascii_hexdigit());
        Some(if is_hash { Ok(commit) } else { Err(GitError::Output(commit.hash)) })
    }
}

impl Commits {
    /// An early end is an error, not a shorter history.
    fn end(&mut self) -> Option<Result<Commit, GitError>> {
        match self.child.wait() {
            Ok(status) if status.success() => None,
            Ok(status) => Some(Err(GitError::Failed {
                what: "log".into(),
                error: format!("{status} after commit {}", self.last),
            })),
            Err(e) => Some(Err(GitError::NoGit(e))),
        }
    }
}

impl Drop for Commits {
    fn drop(&mut self) {
        if self.stdout.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
