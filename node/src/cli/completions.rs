use super::{Args, Failure};
use clap::{CommandFactory, ValueEnum};

/// Shells that can complete.
#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints what a shell needs to complete commands and options.
#[derive(clap::Args)]
pub struct Completions {
    /// For example: stint completions bash > ~/.local/share/bash-completion/completions/stint
    shell: Shell,
}

impl Completions {
    pub fn execute(&self) -> Result<(), Failure> {
        let shell = match self.shell {
            Shell::Bash => clap_complete::Shell::Bash,
            Shell::Zsh => clap_complete::Shell::Zsh,
            Shell::Fish => clap_complete::Shell::Fish,
        };
        // Into memory first: a shell that takes no more ends it in order.
        let mut out = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "stint", &mut out);
        match std::io::Write::write_all(&mut std::io::stdout(), &out) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
            _ => Ok(()),
        }
    }
}
