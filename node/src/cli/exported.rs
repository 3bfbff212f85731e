//! An exported file as it is read: block by block, each checked by its validators' signatures. `export.rs` draws it.

use super::Failure;
use std::io::{ErrorKind, Read};
use stint_verifier::{Fact, Header, Led, PROOF_BYTES, Proven, Trust, Whole};

/// What an exported file begins with, and every one of this kind.
pub const HEAD: &[u8] = b"stint export 2\n";
pub const KIND: &[u8] = b"stint export ";

/// A block with all that came of it, as the validators signed both.
pub struct Exported {
    pub header: Header,
    /// Its calls, canonical bytes.
    pub transactions: Vec<Vec<u8>>,
    /// What it led to; the first outcome is its own.
    pub led: Led,
    /// One for each call, under that outcome.
    pub receipts: Vec<Whole>,
}

/// A file on its way from its first block to its last one. At most two proofs of it are in memory.
pub struct ExportedFile<R> {
    file: R,
    /// The blocks that its head names.
    pub first: u64,
    pub last: u64,
    /// The next one; none behind the last.
    next: Option<u64>,
    trust: Trust,
    before: Option<Header>,
}

impl<R: Read> ExportedFile<R> {
    /// Behind its first line.
    pub fn open(line: &[u8], mut file: R, trust: Trust) -> Result<ExportedFile<R>, Failure> {
        if line != HEAD {
            let (found, own) = (line.escape_ascii(), HEAD.escape_ascii());
            return Err(format!("the file begins with {found} and this build reads {own}; export it again").into());
        }
        let mut height = || {
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes).map_err(|_| "the file ends within its head")?;
            Ok::<u64, Failure>(u64::from_be_bytes(bytes))
        };
        let (first, last) = (height()?, height()?);
        if first > last {
            return Err(format!("the file's head names blocks {first} to {last}: that is no range").into());
        }
        Ok(ExportedFile { file, first, last, next: Some(first), trust, before: None })
    }

    /// Lets it go on from the last block of another one, and from whom that one believes.
    pub fn follow(&mut self, trust: Trust, before: Option<Header>) {
        (self.trust, self.before) = (trust, before);
    }

    /// Whom to believe behind what was read.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The next block: the child of the one before, with all of its receipts; none behind the last that the head names.
    pub fn block(&mut self) -> Result<Option<Exported>, Failure> {
        let Some(height) = self.next else {
            return match self.file.read(&mut [0])? {
                0 => Ok(None),
                _ => {
                    let last = self.last;
                    Err(format!("something follows block {last}, the last one that the file's head names").into())
                }
            };
        };
        let block = self.proven(height, "the proof")?;
        let receipts = self.proven(height, "the receipts")?;
        let header = block.header;
        let (Fact::Block(transactions), Fact::Receipts(led, receipts)) = (block.fact, receipts.fact) else {
            return Err(
                format!("block {height}: the file holds other proofs than those of a block and its receipts").into()
            );
        };
        let follows = self.before.as_ref().is_none_or(|b| b.hash() == header.parent);
        if header.height != height || led.height != height || !follows {
            return Err(format!("what stands where block {height} should does not follow the block before").into());
        }
        if receipts.len() != transactions.len() {
            let (calls, receipts) = (transactions.len(), receipts.len());
            return Err(format!("block {height} has {calls} calls and {receipts} receipts").into());
        }
        self.trust = block.trust;
        self.before = Some(header.clone());
        self.next = height.checked_add(1).filter(|next| *next <= self.last);
        Ok(Some(Exported { header, transactions, led, receipts }))
    }

    /// The next proof of the file.
    fn proven(&mut self, height: u64, what: &str) -> Result<Proven, Failure> {
        let last = self.last;
        let proof = read(&mut self.file).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => {
                format!("the file ends within block {height}; its head says that it goes up to block {last}")
            }
            _ => format!("block {height}: {e}"),
        })?;
        stint_verifier::verify(&self.trust, &proof).map_err(|e| format!("{what} of block {height}: {e}").into())
    }
}

fn read(file: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut size = [0; 4];
    file.read_exact(&mut size)?;
    let size = u32::from_be_bytes(size) as usize;
    if size > PROOF_BYTES {
        return Err(std::io::Error::other(format!("a proof of {size} bytes; the limit is {PROOF_BYTES}")));
    }
    let mut proof = Vec::new();
    match file.by_ref().take(size as u64).read_to_end(&mut proof)? {
        read if read == size => Ok(proof),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}
