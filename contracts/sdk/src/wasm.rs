//! The one place with `unsafe`: the border of the module. See `runtime/src/abi.rs` for the other
//! side of it.

use crate::Refusal;
use core::alloc::{GlobalAlloc, Layout};

#[link(wasm_import_module = "stint_v1")]
unsafe extern "C" {
    fn get(key: *const u8, size: usize) -> i64;
    fn put(key: *const u8, ks: usize, value: *const u8, vs: usize);
    fn delete(key: *const u8, size: usize);
    fn scan(from: *const u8, fs: usize, to: *const u8, ts: usize, limit: u32, reverse: u32) -> i64;
    fn emit(ty: *const u8, ts: usize, body: *const u8, bs: usize);
    fn context() -> i64;
    fn has_role(role: *const u8, size: usize) -> i32;
    fn call(
        commons: *const u8,
        cs: usize,
        method: *const u8,
        ms: usize,
        request: *const u8,
        rs: usize,
        fuel: i64,
    ) -> i64;
    fn act(
        commons: *const u8,
        cs: usize,
        method: *const u8,
        ms: usize,
        request: *const u8,
        rs: usize,
        fuel: i64,
    ) -> i64;
    fn rule(code: *const u8, method: *const u8, ms: usize, request: *const u8, rs: usize, fuel: i64) -> i64;
    fn sha256(bytes: *const u8, size: usize, to: *mut u8);
    fn ed25519_verify(key: *const u8, signature: *const u8, message: *const u8, size: usize) -> i32;
    fn fuel() -> i64;
    #[cfg(feature = "development")]
    fn log(text: *const u8, size: usize);
}

/// Says that an answer is a refusal.
const REFUSAL_BIT: i64 = i64::MIN;

/// Hands out memory from its end on, in pieces of few sizes, and hands out again what was given back
/// of the same size. It looks no further: an instance serves one call.
struct Pieces;

/// All pieces begin at a multiple of this, the largest alignment in Wasm, and are one long.
const GRAIN: usize = 16;
/// Multiples of the grain that have a size of their own; above them four sizes a power of two do.
const SMALL: usize = 8;
/// Sizes that a memory can hold.
const SIZES: usize = SMALL + 4 * 24;

static mut NEXT: usize = 0;
static mut END: usize = 0;
/// The first free piece of each size; a free piece begins with the address of the next one.
static mut FREE: [usize; SIZES] = [0; SIZES];

/// Which of the sizes holds so many bytes, and how many it holds.
fn piece(bytes: usize) -> (usize, usize) {
    if bytes <= SMALL * GRAIN {
        let grains = bytes.max(1).div_ceil(GRAIN);
        return (grains - 1, grains * GRAIN);
    }
    let bits = (usize::BITS - (bytes - 1).leading_zeros()) as usize;
    let step = 1 << (bits - 3);
    // 5 to 8 of them.
    let steps = bytes.div_ceil(step);
    (SMALL + (bits - 8) * 4 + steps - 5, steps.saturating_mul(step))
}

impl Pieces {
    /// A new piece of a size.
    ///
    /// SAFETY: as [`Pieces`].
    unsafe fn cut(size: usize) -> *mut u8 {
        unsafe extern "C" {
            static __heap_base: u8;
        }
        unsafe {
            if NEXT == 0 {
                NEXT = (&raw const __heap_base as usize).next_multiple_of(GRAIN);
                END = core::arch::wasm32::memory_size(0) << 16;
            }
            let Some(next) = NEXT.checked_add(size) else { return core::ptr::null_mut() };
            if next > END {
                let pages = (next - END).div_ceil(1 << 16);
                if core::arch::wasm32::memory_grow(0, pages) == usize::MAX {
                    return core::ptr::null_mut();
                }
                END += pages << 16;
            }
            let start = NEXT;
            NEXT = next;
            start as *mut u8
        }
    }
}

// SAFETY: a module has one thread, so the statics have one user. Addresses grow from the end of the
// module's data, by multiples of the largest alignment; memory is grown before it is handed out, and
// a piece is handed out again only when it was given back, for its own size.
unsafe impl GlobalAlloc for Pieces {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (class, size) = piece(layout.size());
        unsafe {
            if class >= SIZES || FREE[class] == 0 {
                return Pieces::cut(size);
            }
            let free = FREE[class];
            FREE[class] = *(free as *const usize);
            free as *mut u8
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let (class, size) = piece(layout.size());
        unsafe {
            // The newest piece goes back to where it came from.
            if at as usize + size == NEXT {
                NEXT = at as usize;
            } else if class < SIZES {
                *(at as *mut usize) = FREE[class];
                FREE[class] = at as usize;
            }
        }
    }

    // Growing the newest piece in place saves the copies of a growing vector.
    unsafe fn realloc(&self, at: *mut u8, old: Layout, size: usize) -> *mut u8 {
        let ((_, has), (_, wanted)) = (piece(old.size()), piece(size));
        unsafe {
            if has == wanted {
                return at;
            }
            if at as usize + has == NEXT && wanted > has {
                return if Pieces::cut(wanted - has).is_null() { core::ptr::null_mut() } else { at };
            }
            let new = self.alloc(Layout::from_size_align_unchecked(size, old.align()));
            if !new.is_null() {
                core::ptr::copy_nonoverlapping(at, new, old.size().min(size));
                self.dealloc(at, old);
            }
            new
        }
    }
}

#[global_allocator]
static ALLOCATOR: Pieces = Pieces;

/// Where the host may write `size` bytes.
#[unsafe(no_mangle)]
extern "C" fn stint_alloc(size: usize) -> *mut u8 {
    let mut place = Vec::<u8>::with_capacity(size.max(1));
    let at = place.as_mut_ptr();
    core::mem::forget(place);
    at
}

/// Bytes that the host wrote to where `stint_alloc` told it.
fn take(packed: i64) -> Vec<u8> {
    let (at, size) = ((packed >> 32) as usize, packed as u32 as usize);
    // SAFETY: the host wrote `size` bytes to a vector of that capacity that was forgotten.
    unsafe { Vec::from_raw_parts(at as *mut u8, size, size.max(1)) }
}

/// Runs one method and says where its answer lies.
pub fn serve(
    method: u32,
    request: *const u8,
    size: usize,
    dispatch: fn(u32, &[u8]) -> Result<Vec<u8>, Refusal>,
) -> i64 {
    explain_panics();
    // SAFETY: the host wrote the request there before the call.
    let request = unsafe { core::slice::from_raw_parts(request, size) };
    hand_over(dispatch(method, request))
}

/// Runs `stint_migrate`.
pub fn migrate(request: *const u8, size: usize, run: fn(&[u8]) -> Result<Vec<u8>, Refusal>) -> i64 {
    explain_panics();
    // SAFETY: the host wrote the request there before the call.
    hand_over(run(unsafe { core::slice::from_raw_parts(request, size) }))
}

fn hand_over(answer: Result<Vec<u8>, Refusal>) -> i64 {
    let (bytes, bit) = match answer {
        Ok(response) => (response, 0),
        Err(refusal) => (refusal.encode(), REFUSAL_BIT),
    };
    let packed = ((bytes.as_ptr() as i64) << 32) | bytes.len() as i64;
    core::mem::forget(bytes);
    packed | bit
}

/// A development build says what panicked before it stops.
fn explain_panics() {
    #[cfg(feature = "development")]
    std::panic::set_hook(Box::new(|panic| host_log(&panic.to_string())));
}

// SAFETY of all below: the pointers and sizes are those of slices.

pub(crate) fn host_get(key: &[u8]) -> Option<Vec<u8>> {
    match unsafe { get(key.as_ptr(), key.len()) } {
        -1 => None,
        packed => Some(take(packed)),
    }
}

pub(crate) fn host_put(key: &[u8], value: &[u8]) {
    unsafe { put(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

pub(crate) fn host_delete(key: &[u8]) {
    unsafe { delete(key.as_ptr(), key.len()) }
}

pub(crate) fn host_scan(from: &[u8], to: &[u8], limit: u32, reverse: bool) -> Vec<u8> {
    take(unsafe { scan(from.as_ptr(), from.len(), to.as_ptr(), to.len(), limit, reverse.into()) })
}

pub(crate) fn host_emit(ty: &str, body: &[u8]) {
    unsafe { emit(ty.as_ptr(), ty.len(), body.as_ptr(), body.len()) }
}

pub(crate) fn host_context() -> Vec<u8> {
    take(unsafe { context() })
}

pub(crate) fn host_has_role(role: &str) -> bool {
    unsafe { has_role(role.as_ptr(), role.len()) == 1 }
}

pub(crate) fn host_call(commons: &str, method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    let (c, m, r) = (commons.as_bytes(), method.as_bytes(), request);
    take(unsafe { call(c.as_ptr(), c.len(), m.as_ptr(), m.len(), r.as_ptr(), r.len(), fuel) })
}

pub(crate) fn host_act(commons: &str, method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    let (c, m, r) = (commons.as_bytes(), method.as_bytes(), request);
    take(unsafe { act(c.as_ptr(), c.len(), m.as_ptr(), m.len(), r.as_ptr(), r.len(), fuel) })
}

pub(crate) fn host_rule(code: &[u8; 32], method: &str, request: &[u8], fuel: i64) -> Vec<u8> {
    let (m, r) = (method.as_bytes(), request);
    take(unsafe { rule(code.as_ptr(), m.as_ptr(), m.len(), r.as_ptr(), r.len(), fuel) })
}

pub(crate) fn host_sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    unsafe { sha256(bytes.as_ptr(), bytes.len(), hash.as_mut_ptr()) };
    hash
}

pub(crate) fn host_ed25519_verify(key: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> bool {
    unsafe { ed25519_verify(key.as_ptr(), signature.as_ptr(), message.as_ptr(), message.len()) == 1 }
}

pub(crate) fn host_fuel() -> i64 {
    unsafe { fuel() }
}

#[cfg(feature = "development")]
pub(crate) fn host_log(text: &str) {
    unsafe { log(text.as_ptr(), text.len()) }
}
