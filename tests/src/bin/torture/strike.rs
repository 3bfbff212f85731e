use std::{fmt, process::Command, time::Duration};
use stint_simulation::Dice;
use stint_tests::Devnet;

/// Something that happens to some validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strike {
    /// They end by SIGKILL and start again.
    Kill(Vec<usize>),
    /// They end by SIGKILL, and by SIGKILL again while they start.
    KillTwice(Vec<usize>),
    /// They stop by SIGSTOP, milliseconds.
    Stop(Vec<usize>, u64),
    /// They lose all their data and fetch the ledger from the others.
    Wipe(Vec<usize>),
    /// Nobody reaches anybody, milliseconds.
    Cut(u64),
    /// Every message takes longer and some are lost: milliseconds, and a share of a hundred.
    Slow(u64, u64),
}

/// What can be done to the network.
pub enum Network {
    /// It is the system's, and is left alone.
    Shared,
    /// It is our own, and can be cut.
    Own,
    /// It can be slowed, too.
    Shaped,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Network::Shared => "the network is the system's and is left alone (a network of its own needs root)",
            Network::Own => "the network is its own and is cut; this system cannot slow it (no netem)",
            Network::Shaped => "the network is its own, is cut, slowed and loses packets",
        })
    }
}

impl Network {
    /// Tries what is possible.
    pub fn of(own: bool) -> Network {
        match own {
            false => Network::Shared,
            true if shape(&["add", "dev", "lo", "root", "netem", "delay", "0ms"]) => Network::Shaped,
            true => Network::Own,
        }
    }
}

fn shape(args: &[&str]) -> bool {
    let done = Command::new("tc").arg("qdisc").args(args).output();
    done.is_ok_and(|done| done.status.success())
}

fn loopback(state: &str) -> Result<(), String> {
    let done = Command::new("ip").args(["link", "set", "lo", state]).output().map_err(|e| e.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into()) }
}

impl Strike {
    /// Draws one. Less than a third of the validators lose their data.
    pub fn draw(validators: usize, network: &Network, dice: &mut Dice) -> Strike {
        let count = dice.between(1, validators as u64) as usize;
        let some = dice.some(count, validators);
        match dice.below(100) {
            0..40 => Strike::Kill(some),
            40..55 => Strike::KillTwice(some),
            55..75 => Strike::Stop(some, dice.between(100, 4_000)),
            75..85 => {
                let faulty = (validators - 1) / 3;
                let count = dice.between(1, faulty.max(1) as u64) as usize;
                Strike::Wipe(dice.some(count, validators))
            }
            _ => match network {
                Network::Shared => Strike::Kill((0..validators).collect()),
                Network::Shaped if dice.chance(500) => Strike::Slow(dice.between(5, 100), dice.below(10)),
                _ => Strike::Cut(dice.between(100, 5_000)),
            },
        }
    }

    /// A word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Strike::Kill(_) => "kills",
            Strike::KillTwice(_) => "double kills",
            Strike::Stop(..) => "stops",
            Strike::Wipe(_) => "wipes",
            Strike::Cut(_) => "cuts",
            Strike::Slow(..) => "slow networks",
        }
    }

    /// Lets it happen, and end.
    pub async fn befall(&self, devnet: &mut Devnet, network: &Network) -> Result<(), String> {
        let pause = |ms| tokio::time::sleep(Duration::from_millis(ms));
        match self {
            Strike::Kill(who) => {
                who.iter().for_each(|i| devnet.kill(*i));
                start(devnet, who)?;
            }
            Strike::KillTwice(who) => {
                who.iter().for_each(|i| devnet.kill(*i));
                who.iter().for_each(|i| devnet.launch(*i, &[]));
                pause(150).await;
                who.iter().for_each(|i| devnet.kill(*i));
                start(devnet, who)?;
            }
            Strike::Stop(who, ms) => {
                who.iter().for_each(|i| devnet.signal(*i, "STOP"));
                pause(*ms).await;
                who.iter().for_each(|i| devnet.signal(*i, "CONT"));
            }
            Strike::Wipe(who) => {
                for i in who {
                    devnet.kill(*i);
                    std::fs::remove_dir_all(devnet.validator(*i).0.join("data")).map_err(|e| e.to_string())?;
                }
                start(devnet, who)?;
            }
            Strike::Cut(ms) => {
                loopback("down")?;
                pause(*ms).await;
                loopback("up")?;
                if matches!(network, Network::Shaped) {
                    shape(&["replace", "dev", "lo", "root", "netem", "delay", "0ms"]);
                }
            }
            Strike::Slow(ms, loss) => {
                let (delay, loss) = (format!("{ms}ms"), format!("{loss}%"));
                shape(&["replace", "dev", "lo", "root", "netem", "delay", &delay, "loss", &loss]);
                pause(3_000).await;
                shape(&["replace", "dev", "lo", "root", "netem", "delay", "0ms"]);
            }
        }
        Ok(())
    }
}

/// Starts validators, all at once: some need others to begin.
fn start(devnet: &mut Devnet, who: &[usize]) -> Result<(), String> {
    who.iter().for_each(|i| devnet.launch(*i, &[]));
    who.iter().try_for_each(|i| devnet.ready(*i).map_err(|log| format!("validator {i} did not start: {log}")))
}
