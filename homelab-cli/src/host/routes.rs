//! The routes of the host.

use std::net::Ipv4Addr;

use homelab_core::dsl::subnet::Subnet;

/// Reads the kernel's `/proc/net/route`: device and destination of every route except the default.
pub(super) fn routes(text: &str) -> Vec<(String, Subnet)> {
    let route = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        // The kernel prints the bytes as they are in memory: the last one of the address comes
        // first.
        let address = |it: &str| u32::from_str_radix(it, 16).ok().map(u32::swap_bytes);
        let (first, mask) = (address(words.get(1)?)?, address(words.get(7)?)?);
        let subnet = format!("{}/{}", Ipv4Addr::from_bits(first), mask.leading_ones());
        let subnet = Subnet::parse(&subnet)?;
        (mask != 0).then(|| (words[0].to_owned(), subnet))
    };
    text.lines().skip(1).filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_as_the_kernel_writes_them() {
        let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                    eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                    eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                    tun0\t0000E70A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        let routes: Vec<_> = routes(text).iter().map(|it| format!("{} {}", it.0, it.1)).collect();
        assert_eq!(routes, ["eth0 192.168.1.0/24", "tun0 10.231.0.0/16"]);
    }
}
