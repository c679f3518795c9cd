//! The priority of the threads that hash passwords.

/// Lets the threads that serve requests run first, on systems where each thread has a priority.
/// Otherwise they would wait for milliseconds whenever a hash occupies their processor.
pub(super) fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::lower_priority() {
        tracing::debug!(%error, "cannot lower the priority of a thread");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{c_long, c_uint};
    use std::{io, ptr};

    /// The niceness of threads that hash. On a processor that is always busy, such a thread still
    /// gets a tenth of the time.
    const NICENESS: i32 = 10;
    /// The time slice that these threads request, in nanoseconds: the longest that Linux allows.
    /// Linux 6.6 and later often let a running thread continue until the next tick of the
    /// scheduler; since 6.12, a thread with a shorter slice interrupts it immediately. Older versions
    /// ignore the slice.
    const SLICE: u64 = 100_000_000;

    pub(super) fn lower_priority() -> io::Result<()> {
        let niceness = rustix::process::nice(NICENESS)?;
        set_slice(niceness)
    }

    /// Sets the slice of the current thread. The system call always sets the niceness too.
    #[expect(unsafe_code, reason = "the standard library and rustix lack this call")]
    fn set_slice(niceness: i32) -> io::Result<()> {
        const CURRENT_THREAD: c_long = 0;
        const NO_FLAGS: c_uint = 0;
        let attributes = libc::sched_attr {
            size: u32::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?,
            sched_policy: 0,
            sched_flags: libc::SCHED_FLAG_KEEP_POLICY as u64,
            sched_nice: niceness,
            sched_priority: 0,
            sched_runtime: SLICE,
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: the call only reads `attributes`, whose size is in its first member, and changes
        // nothing but how the current thread is scheduled.
        let result = unsafe {
            libc::syscall(
                libc::SYS_sched_setattr,
                CURRENT_THREAD,
                ptr::from_ref(&attributes),
                NO_FLAGS,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    #[cfg(test)]
    mod tests {
        use std::mem::MaybeUninit;
        use std::thread;

        use super::*;

        #[test]
        fn threads_that_serve_requests_run_before_those_that_hash() {
            let before = attributes();
            let lowered = thread::spawn(|| lower_priority().map(|()| attributes()));
            let lowered = lowered.join().expect("no panic").expect("lowered");
            assert_eq!(lowered.sched_nice, (before.sched_nice + NICENESS).min(19));
            assert_eq!(lowered.sched_policy, before.sched_policy);
            // Linux before 6.12 reports 0 for every thread.
            let slices = (before.sched_runtime, lowered.sched_runtime);
            assert!(slices == (0, 0) || slices.1 == SLICE, "{slices:?}");
            assert_eq!(attributes().sched_nice, before.sched_nice);
        }

        #[expect(unsafe_code, reason = "the standard library and rustix lack this call")]
        fn attributes() -> libc::sched_attr {
            let mut attributes = MaybeUninit::<libc::sched_attr>::zeroed();
            // SAFETY: the call writes at most `size` bytes, and zeroes are a valid value.
            unsafe {
                let size = size_of::<libc::sched_attr>();
                let result =
                    libc::syscall(libc::SYS_sched_getattr, 0, attributes.as_mut_ptr(), size, 0);
                assert_eq!(result, 0, "{}", io::Error::last_os_error());
                attributes.assume_init()
            }
        }
    }
}
