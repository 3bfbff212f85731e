use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// A git repository in a temporary folder.
pub struct TestRepository {
    folder: tempfile::TempDir,
}

impl TestRepository {
    /// A repository without a commit.
    pub fn empty() -> TestRepository {
        let repository = TestRepository { folder: tempfile::tempdir().expect("a temporary folder") };
        repository.git(&["init", "--quiet", "--initial-branch=main"], b"");
        repository
    }

    /// A repository with `count` commits of `authors` authors on one branch.
    pub fn with_commits(count: usize, authors: usize) -> TestRepository {
        let repository = TestRepository::empty();
        let mut stream = String::new();
        for i in 0..count {
            // A few authors do most, as in life.
            let author = (i * i) % authors.max(1);
            let time = 1_600_000_000 + i as u64 * 3_600;
            let who = format!("Author {author} <a{author}@example.org> {time} +0000");
            let message = format!("commit {i}");
            let _ = write!(
                stream,
                "commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {}\n{message}\n",
                message.len()
            );
        }
        repository.git(&["fast-import", "--quiet"], stream.as_bytes());
        repository
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a commit on a branch from its raw header and message, however odd; gives its hash.
    pub fn raw_commit(&self, branch: &str, author_line: &[u8], message: &[u8]) -> String {
        let tree = self.git(&["hash-object", "-t", "tree", "-w", "--stdin"], b"");
        let parent = self.try_git(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")]);
        let mut object = format!("tree {tree}\n").into_bytes();
        if !parent.is_empty() {
            object.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        object.extend_from_slice(b"author ");
        object.extend_from_slice(author_line);
        object.extend_from_slice(b"\ncommitter Keeper <k@example.org> 1700000000 +0000\n\n");
        object.extend_from_slice(message);
        let hash = self.git(&["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], &object);
        self.git(&["update-ref", &format!("refs/heads/{branch}"), &hash], b"");
        hash
    }

    /// `git shortlog -sne --no-merges` with these options, as sorted (author, count); odd bytes as `\xNN`.
    pub fn shortlog(&self, options: &[&str]) -> Vec<(String, u64)> {
        let mut command = self.command(&[&["shortlog", "-sne", "--no-merges"], options].concat());
        let output = command.stdin(Stdio::null()).output().expect("git runs");
        let lines = output.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        let mut all: Vec<(String, u64)> = lines
            .map(|line| {
                let tab = line.iter().position(|b| *b == b'\t').expect("a tab");
                let author: String = line[tab + 1..]
                    .utf8_chunks()
                    .map(|c| c.invalid().iter().fold(c.valid().to_string(), |s, b| format!("{s}\\x{b:02x}")))
                    .collect();
                (author, String::from_utf8_lossy(&line[..tab]).trim().parse().expect("a count"))
            })
            .collect();
        all.sort();
        all
    }

    /// Runs git, which must succeed, and gives its output without the last line end.
    pub fn git(&self, args: &[&str], input: &[u8]) -> String {
        let mut child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs");
        child.stdin.take().expect("piped").write_all(input).expect("git reads");
        let output = child.wait_with_output().expect("git ends");
        assert!(output.status.success(), "git {args:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().into()
    }

    fn try_git(&self, args: &[&str]) -> String {
        let output = self.command(args).stdin(Stdio::null()).output().expect("git runs");
        String::from_utf8_lossy(&output.stdout).trim_end().into()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.path()).args(args);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command
    }
}
