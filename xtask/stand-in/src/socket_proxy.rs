//! TODO by helper

use homelab_stand_in::Promise;

pub(crate) fn run(promise: &Promise) -> anyhow::Result<()> {
    crate::serve::run(promise)
}
