//! The same loop, compiled for any processor and for AVX2, chosen when the program runs.
//!
//! AVX2 means four doubles an instruction instead of two. It brings no fused multiplication: both copies do the same
//! operations on the same numbers, so the bits agree.

/// A loop over rows. All it calls must be `#[inline(always)]`: what is not is compiled once, without AVX2.
pub trait Kernel {
    /// What the loop yields.
    type Output;

    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// Runs `kernel` in the fastest copy that this processor can run.
pub fn vectorised<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "calls code for AVX2, which the line above has found")]
        // SAFETY: the processor has AVX2, the only feature that the function asks for.
        return unsafe { with_avx2(kernel) };
    }
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
