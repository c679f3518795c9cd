//! The networks by which clients are counted for rate and connection limits.
//!
//! An IPv4 address belongs to one subscriber or is shared by many. An IPv6 subscriber has at least
//! a /64 network and can use any address in it. Homes often have a /56 and sites a /48 (RFC 6177
//! §2), that is, 256 or 65,536 networks of 64 bits, so counting by /64 alone would not limit them.
//! A mobile network, on the other hand, assigns each customer one /64 of a shared /48. Therefore
//! all three sizes are counted, and larger networks have larger quotas.

use std::net::{IpAddr, Ipv6Addr};

/// The number of network sizes that are counted.
pub const LEVELS: usize = 3;
const BITS: [u32; LEVELS] = [64, 56, 48];

/// The lowest address of a network, which identifies it. Networks of each size are counted
/// separately, so the prefix length is not needed.
pub type Network = IpAddr;

/// The networks that contain an address, narrowest first: three for IPv6, one for IPv4.
pub fn networks(address: IpAddr) -> impl Iterator<Item = Network> + Clone {
    let networks = match address.to_canonical() {
        address @ IpAddr::V4(_) => [Some(address), None, None],
        IpAddr::V6(address) => BITS.map(|bits| Some(network(address, bits))),
    };
    networks.into_iter().flatten()
}

fn network(address: Ipv6Addr, bits: u32) -> IpAddr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Vec<String> {
        let address = address.parse().expect("an address");
        networks(address)
            .map(|network| network.to_string())
            .collect()
    }

    #[test]
    fn ipv6_addresses_have_three_networks_and_ipv4_addresses_one() {
        assert_eq!(of("192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(of("::ffff:192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(
            of("2001:db8:1:2345:6:7:8:9"),
            ["2001:db8:1:2345::", "2001:db8:1:2300::", "2001:db8:1::"]
        );
    }
}
